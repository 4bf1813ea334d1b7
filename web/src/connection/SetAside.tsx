import { Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, write } from '../api/client.ts';
import { itemsOf } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import type { HeldSweep, Page, Quarantined } from '../api/types.ts';
import { Confirm } from '../parts/Confirm.tsx';
import { Empty } from '../parts/Empty.tsx';
import { count } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';

/** What could not be read, and what full readings missed without being believed. */
export function SetAside({ connection }: { connection: string }) {
  const held = useQuery({
    queryKey: ['held', connection],
    queryFn: async () =>
      itemsOf(await get<Page<HeldSweep>>('/sweeps/held', { limit: 1000 })).filter(
        (one) => one.connection === connection,
      ),
  });
  const aside = useQuery({
    queryKey: ['quarantine', connection],
    queryFn: async () => itemsOf(await get<Page<Quarantined>>('/quarantine', { connection, limit: 1000 })),
  });
  const [removing, setRemoving] = useState<HeldSweep>();
  const action = useAction();
  const operator = useMay('operator');
  const post = (path: string) => () => void action.run(() => write('POST', path));
  return (
    <Stack>
      <ProblemAlert error={action.error} />
      <Panel title="Held full readings">
        <Loaded query={held} rows={2}>
          {(sweeps) => (
            <ListTable
              label="Held full readings"
              items={sweeps}
              keyOf={({ id }) => id}
              empty={
                <Empty title="No full reading is held">
                  One that would remove more than 5 % of what is known is held here until a second one agrees, or you
                  do.
                </Empty>
              }
              columns={[
                { title: 'Data set', cell: ({ dataset }) => dataset },
                { title: 'Absent', cell: ({ absent, known }) => `${count(absent)} of ${count(known)}`, number: true },
                { title: 'They would be', cell: ({ reason }) => reason },
                {
                  title: 'For example',
                  cell: ({ sample }) => <span className="mono">{sample.map((key) => key.join('/')).join(', ')}</span>,
                },
                { title: 'Read', cell: ({ started }) => <When at={started} /> },
                {
                  title: 'Actions',
                  cell: (sweep) => (
                    <Group gap={4} wrap="nowrap">
                      <Button
                        size="compact-xs"
                        color="red"
                        disabled={!operator}
                        aria-label={`Remove them… of ${sweep.dataset}`}
                        onClick={() => setRemoving(sweep)}
                      >
                        Remove them…
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="default"
                        disabled={!operator}
                        aria-label={`Keep them of ${sweep.dataset}`}
                        onClick={post(`/sweeps/held/${sweep.id}/discard`)}
                      >
                        Keep them
                      </Button>
                    </Group>
                  ),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
      <Panel title="Ranges that could not be read">
        <Loaded query={aside} rows={2}>
          {(ranges) => (
            <ListTable
              label="Ranges that could not be read"
              items={ranges}
              keyOf={({ id }) => id}
              empty={
                <Empty title="Nothing is set aside">
                  Answers that cannot be read are narrowed down, set aside here and tried again; the rest goes on.
                </Empty>
              }
              columns={[
                { title: 'Data set', cell: ({ dataset }) => dataset },
                {
                  title: 'Ids',
                  cell: ({ first, last }) => (
                    <span className="mono">{first === last ? first : `${first}–${last}`}</span>
                  ),
                },
                {
                  title: 'Why',
                  cell: ({ reason, code }) => (
                    <>
                      {reason} <span className="mono">{code}</span>
                    </>
                  ),
                },
                { title: 'Since', cell: ({ since }) => <When at={since} /> },
                { title: 'Tries', cell: ({ tries }) => count(tries), number: true },
                { title: 'Next try', cell: ({ next_at }) => <When at={next_at} /> },
                {
                  title: 'Actions',
                  cell: ({ id }) => (
                    <Button
                      size="compact-xs"
                      variant="default"
                      disabled={!operator}
                      aria-label={`Try now: ${id}`}
                      onClick={post(`/quarantine/${id}/retry`)}
                    >
                      Try now
                    </Button>
                  ),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
      {removing !== undefined && (
        <Confirm
          title={`Remove ${count(removing.absent)} of ${removing.dataset}`}
          action="Remove them"
          onClose={() => setRemoving(undefined)}
          onConfirm={() => write('POST', `/sweeps/held/${removing.id}/confirm`).then(() => action.run(async () => {}))}
        >
          The full reading missed {count(removing.absent)} of {count(removing.known)}. Every sink is told that they are{' '}
          {removing.reason.replaceAll('_', ' ')}, and the inventory no longer shows them. What comes back later is new
          again.
        </Confirm>
      )}
    </Stack>
  );
}
