import { Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../api/client.ts';
import { datasetsQuery } from '../api/queries.ts';
import type { Event, Page } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { TextBlock } from '../parts/TextBlock.tsx';
import { When } from '../parts/When.tsx';

type Raw = Omit<Event, 'place'>;

/** What each source said last of an asset, as Qualys spelled it: read back from what sinks were given. */
export function RawRecords({ device, subscription }: { device: string; subscription: string }) {
  const query = useQuery({
    queryKey: ['raw', device, subscription],
    queryFn: async () =>
      (await get<Page<Raw>>(`/inventory/devices/${encodeURIComponent(device)}/raw`, { subscription })).items,
  });
  return (
    <Loaded query={query}>
      {(events) =>
        events.length === 0 ? (
          <Empty title="No record is kept">
            What was collected of it is older than what is kept. Read everything again to see it.
          </Empty>
        ) : (
          <Sources events={events} />
        )
      }
    </Loaded>
  );
}

function Sources({ events }: { events: readonly Raw[] }) {
  const titles = new Map(useQuery(datasetsQuery).data?.map(({ name, title }) => [name, title]));
  const [picked, setPicked] = useState('0');
  const event = events[Number(picked)] ?? events[0]!;
  const { dataset, connection, pulled_at, change, key, record } = event;
  const label = (one: Raw): string => {
    const title = titles.get(one.dataset) ?? one.dataset;
    // A machine may have several ids at one source.
    const isOne = events.filter((other) => other.dataset === one.dataset).length === 1;
    return isOne ? title : `${title} ${one.key[0]}`;
  };
  return (
    <Stack className="panel">
      <SegmentedControl
        aria-label="Source"
        className="sources"
        data={events.map((one, i) => ({ value: String(i), label: label(one) }))}
        value={picked}
        onChange={setPicked}
      />
      <Group gap="lg">
        <Text size="sm">
          <span className="mono">{dataset}</span> of {connection}
        </Text>
        <Text size="sm">
          {change} <When at={pulled_at} />
        </Text>
        <Text size="sm" className="mono">
          key {key.filter((part) => part !== '').join(' / ')}
        </Text>
      </Group>
      <TextBlock label={`Record of ${dataset}`} value={record} />
    </Stack>
  );
}
