import { Button, Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import type { AuditEntry, ListPage } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { count } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Panel } from '../parts/Panel.tsx';
import { When } from '../parts/When.tsx';

/** Who changed what, the newest first. */
export function Audit() {
  const query = useInfiniteQuery({
    queryKey: ['audit'],
    initialPageParam: '',
    queryFn: ({ pageParam }) => get<ListPage<AuditEntry>>('/audit', { limit: 100, cursor: pageParam }),
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <Panel title="Audit log">
      <Loaded query={query}>
        {({ pages }) => {
          const entries = pages.flatMap(({ items }) => items);
          const { total = 0, total_is } = pages[0] ?? {};
          return (
            <>
              <ListTable
                label="Audit log"
                items={entries}
                keyOf={({ id }) => id}
                empty={
                  <Empty title="Nothing was changed yet">
                    Every change made here or through the API is noted: who, what and when.
                  </Empty>
                }
                columns={[
                  { title: 'When', cell: ({ at }) => <When at={at} /> },
                  { title: 'Who', cell: ({ actor }) => actor },
                  { title: 'From', cell: ({ address }) => <span className="mono">{address}</span> },
                  { title: 'Did', cell: ({ action }) => action },
                  { title: 'To', cell: ({ target }) => target },
                  { title: 'Tenant', cell: ({ tenant }) => tenant },
                ]}
              />
              <Group justify="space-between">
                <Text size="sm" c="dimmed">
                  {count(entries.length)} of {total_is === 'at_least' ? 'more than ' : ''}
                  {count(total)}
                </Text>
                {query.hasNextPage && (
                  <Button
                    variant="default"
                    size="compact-sm"
                    loading={query.isFetchingNextPage}
                    onClick={() => void query.fetchNextPage()}
                  >
                    Older entries
                  </Button>
                )}
              </Group>
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}
