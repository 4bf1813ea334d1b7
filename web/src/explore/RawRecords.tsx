import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import type { Event, Page, Row } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Panel } from '../parts/Panel.tsx';
import { TextBlock } from '../parts/TextBlock.tsx';
import { When } from '../parts/When.tsx';

/** Data sets with an object for each asset, and the column that holds its key there. */
const SOURCES = [
  ['host_list', 'host_id'],
  ['host_assets', 'asset_id'],
  ['assets', 'asset_id'],
] as const;
/** The server looks through a bounded part of what is kept at a time. */
const LOOKS = 5;

/** What each source said last of an asset, as Qualys spelled it: read back from what sinks were given. */
export function RawRecords({ asset }: { asset: Row }) {
  const ids = SOURCES.map(([dataset, column]) => [dataset, asset[column]] as const).filter(
    ([, id]) => id !== null && id !== undefined,
  );
  const query = useQuery({
    queryKey: ['raw', ids],
    queryFn: () => Promise.all(ids.map(([dataset, id]) => newest(dataset, String(id)))),
  });
  return (
    <Loaded query={query}>
      {(found) => {
        const events = found.filter((event) => event !== undefined);
        if (events.length === 0)
          return (
            <Empty title="No record is kept">
              What was collected of it is older than what is kept. Read everything again to see it.
            </Empty>
          );
        return (
          <Stack>
            {events.map((event) => (
              <Panel key={event.dataset} title={event.dataset} actions={<When at={event.pulled_at} />}>
                <TextBlock label={`Record of ${event.dataset}`} value={event.record} />
              </Panel>
            ))}
          </Stack>
        );
      }}
    </Loaded>
  );
}

async function newest(dataset: string, id: string): Promise<Event | undefined> {
  let cursor: string | undefined;
  for (let look = 0; look < LOOKS; look++) {
    const params = { dataset, text: `"key":["${id}"]`, limit: 1, ...(cursor === undefined ? {} : { cursor }) };
    const { items, next_cursor } = await get<Page<Event>>('/events', params);
    if (items[0] !== undefined) return items[0];
    if (next_cursor === null) return undefined;
    cursor = next_cursor;
  }
  return undefined;
}
