import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import { Empty } from '../parts/Empty.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { TextBlock } from '../parts/TextBlock.tsx';

/** What each source said, as Qualys spelled it. */
export function RawRecords({ path, subscription }: { path: string; subscription?: string }) {
  const query = useQuery({
    queryKey: ['raw', path, subscription],
    queryFn: () => get<unknown>(path, subscription === undefined ? {} : { subscription }),
    retry: false,
  });
  return (
    <Loaded query={query}>
      {(said) => {
        const records = recordsOf(said);
        if (records.length === 0)
          return <Empty title="No record is kept">The outbox holds no record of it any more.</Empty>;
        return (
          <Stack>
            {records.map(([source, record]) => (
              <div key={source} className="panel">
                <Title order={2} size="h6">
                  {source}
                </Title>
                <TextBlock label={source} value={record} />
              </div>
            ))}
          </Stack>
        );
      }}
    </Loaded>
  );
}

/** Records by the data set they are of. */
function recordsOf(said: unknown): (readonly [string, unknown])[] {
  if (typeof said !== 'object' || said === null) return [];
  const items = (said as { items?: readonly Record<string, unknown>[] }).items;
  if (items === undefined) return Object.entries(said);
  return items.map(
    (item, i) => [`${String(item['dataset'] ?? item['source'] ?? i + 1)}`, item['record'] ?? item] as const,
  );
}
