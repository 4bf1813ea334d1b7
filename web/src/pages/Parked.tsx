import { Button, Group, Modal, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, write } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import type { Event, ListPage, ParkedEvent } from '../api/types.ts';
import { Confirm } from '../parts/Confirm.tsx';
import { Empty } from '../parts/Empty.tsx';
import { count } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { TextBlock } from '../parts/TextBlock.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';

const SHOWN = 200;

/** Events that sinks refused for good: kept, and to be sent again or given up. */
export function Parked() {
  const query = useQuery({
    queryKey: ['parked'],
    queryFn: () => get<ListPage<ParkedEvent>>('/outbox/parked', { limit: SHOWN }),
  });
  const [given, setGiven] = useState<string>();
  const [opened, setOpened] = useState<ParkedEvent>();
  const action = useAction();
  const operator = useMay('operator');
  const again = (which: { sink: string; batch?: number; event?: number }): void =>
    void action.run(() => write('POST', '/outbox/retry', which));
  return (
    <Panel title="Parked events">
      <ProblemAlert error={action.error} />
      <Loaded query={query} rows={2}>
        {({ items, total, total_is }) => (
          <>
            {items.length > 0 && (
              <Text size="sm">
                {total_is === 'at_least' ? 'At least ' : ''}
                {count(total)} in all{total > items.length ? `; the first ${count(items.length)} are shown` : ''}. They
                count as delivered nowhere until they are sent again or given up.
              </Text>
            )}
            {[...new Set(items.map(({ sink }) => sink))].map((sink) => (
              <Group key={sink} gap="xs">
                <Text size="sm">{sink}:</Text>
                <Button size="compact-xs" variant="default" disabled={!operator} onClick={() => again({ sink })}>
                  Send all again
                </Button>
                <Button size="compact-xs" color="red" disabled={!operator} onClick={() => setGiven(sink)}>
                  Give all up…
                </Button>
              </Group>
            ))}
            <ListTable
              label="Parked events"
              items={items}
              keyOf={({ sink, batch, event }) => `${sink} ${batch} ${event}`}
              empty={
                <Empty title="Nothing is parked">
                  Events that a sink refuses for good are kept here with its reason.
                </Empty>
              }
              columns={[
                { title: 'Sink', cell: ({ sink }) => sink },
                { title: 'Data set', cell: ({ dataset }) => dataset },
                {
                  title: 'Reason',
                  cell: ({ reason, code }) => (
                    <>
                      {reason} <span className="mono">{code}</span>
                    </>
                  ),
                },
                { title: 'Since', cell: ({ at }) => <When at={at} /> },
                {
                  title: 'Actions',
                  cell: (parked) => (
                    <Group gap={4} wrap="nowrap">
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Show ${parked.id}`}
                        onClick={() => setOpened(parked)}
                      >
                        Show
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="default"
                        disabled={!operator}
                        aria-label={`Send again: ${parked.id}`}
                        onClick={() => again({ sink: parked.sink, batch: parked.batch, event: parked.event })}
                      >
                        Send again
                      </Button>
                    </Group>
                  ),
                },
              ]}
            />
          </>
        )}
      </Loaded>
      {opened !== undefined && <ParkedDialog parked={opened} onClose={() => setOpened(undefined)} />}
      {given !== undefined && (
        <Confirm
          title={`Give up parked events of ${given}`}
          action="Give them up"
          typed={given}
          onClose={() => setGiven(undefined)}
          onConfirm={() => action.run(() => write('POST', '/outbox/discard', { sink: given, confirm: given }))}
        >
          They are never sent there. It cannot be undone.
        </Confirm>
      )}
    </Panel>
  );
}

/** The event with what the sink said of it. */
function ParkedDialog({ parked, onClose }: { parked: ParkedEvent; onClose: () => void }) {
  const { batch, event, reason, sink } = parked;
  const query = useQuery({
    queryKey: ['events', batch, event],
    queryFn: () => get<Event>(`/events/${batch}-${event}`),
  });
  return (
    <Modal opened onClose={onClose} size="xl" title={`Refused by ${sink}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" mb="sm">
        {reason}
      </Text>
      <Loaded query={query}>{(found) => <TextBlock label="The event" value={found} />}</Loaded>
    </Modal>
  );
}
