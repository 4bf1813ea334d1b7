import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { write } from '../api/client.ts';
import { sinksQuery } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import type { Check, Sink } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { bytes, count } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded, Waiting } from '../parts/Loaded.tsx';
import { PageHead } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Mark, toneOf } from '../parts/StatusMark.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';
import { Parked } from './Parked.tsx';
import { Sample } from './SinkSample.tsx';

type Asked = { readonly what: 'sample' | 'test' | 'replay'; readonly sink: string };
const CLOSE = { 'aria-label': 'Close' };

/** Where events go, and how far each sink is. */
export function Sinks() {
  const query = useQuery(sinksQuery);
  const operator = useMay('operator');
  const [asked, setAsked] = useState<Asked>();
  const close = (): void => setAsked(undefined);
  return (
    <>
      <PageHead
        title="Sinks"
        about={
          <Text size="sm">
            They are configured in quarry.yaml. Every event waits for each of them until it is delivered.
          </Text>
        }
      />
      <Stack>
        <div className="panel">
          <Loaded query={query}>
            {(sinks) => (
              <ListTable
                label="Sinks"
                items={sinks}
                keyOf={({ name }) => name}
                empty={
                  <Empty title="No sink yet">
                    Events go to the inventory of this page alone. Add a sink to quarry.yaml: a file, Devo,
                    Elasticsearch, Splunk, Kafka and more.
                  </Empty>
                }
                columns={[
                  {
                    title: 'Sink',
                    cell: ({ title, type, format }) => (
                      <>
                        {title}
                        <Text size="xs" c="dimmed">
                          {type}, {format}
                        </Text>
                      </>
                    ),
                  },
                  { title: 'State', cell: (sink) => <State sink={sink} /> },
                  {
                    title: 'Guarantee',
                    cell: ({ guarantee, guarantee_means }) => <span title={guarantee_means}>{guarantee}</span>,
                  },
                  {
                    title: 'Waiting',
                    cell: ({ pending, pending_bytes }) => `${count(pending)} (${bytes(pending_bytes)})`,
                    number: true,
                  },
                  { title: 'Delivered', cell: ({ delivered }) => count(delivered), number: true },
                  { title: 'Filtered', cell: ({ filtered }) => count(filtered), number: true },
                  { title: 'Parked', cell: ({ parked }) => count(parked), number: true },
                  { title: 'Last', cell: ({ last_delivered }) => <When at={last_delivered} none="never" /> },
                  {
                    title: 'Actions',
                    cell: ({ name }) => (
                      <Group gap={4} wrap="nowrap">
                        {(['test', 'sample', 'replay'] as const).map((what) => (
                          <Button
                            key={what}
                            size="compact-xs"
                            variant="default"
                            disabled={what !== 'sample' && !operator}
                            aria-label={`${LABELS[what]} of ${name}`}
                            onClick={() => setAsked({ what, sink: name })}
                          >
                            {LABELS[what]}
                          </Button>
                        ))}
                      </Group>
                    ),
                  },
                ]}
              />
            )}
          </Loaded>
        </div>
        <Parked />
      </Stack>
      {asked?.what === 'sample' && (
        <Modal opened onClose={close} title={`Sample of ${asked.sink}`} size="xl" closeButtonProps={CLOSE}>
          <Sample sink={asked.sink} />
        </Modal>
      )}
      {asked?.what === 'test' && <SinkTest sink={asked.sink} onClose={close} />}
      {asked?.what === 'replay' && <Replay sink={asked.sink} onClose={close} />}
    </>
  );
}

const LABELS = { test: 'Test', sample: 'Sample', replay: 'Replay' };

function State({ sink: { state, reason, next_try, pace_per_s } }: { sink: Sink }) {
  return (
    <>
      <Mark tone={toneOf(state)}>{state}</Mark>
      {typeof reason === 'string' && <Text size="xs">{reason}</Text>}
      {next_try !== null && next_try !== undefined && reason !== null && (
        <Text size="xs">
          next try <When at={next_try} />
        </Text>
      )}
      {typeof pace_per_s === 'number' && pace_per_s > 0 && (
        <Text size="xs">{count(Math.round(pace_per_s))} events/s</Text>
      )}
    </>
  );
}

function SinkTest({ sink, onClose }: { sink: string; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ['sink-test', sink],
    queryFn: () => write<Check>('POST', `/sinks/${encodeURIComponent(sink)}/test`),
    gcTime: 0,
    retry: false,
  });
  return (
    <Modal opened onClose={onClose} title={`Test of ${sink}`} closeOnClickOutside={false} closeButtonProps={CLOSE}>
      <Stack aria-live="polite">
        <ProblemAlert error={error} />
        {data === undefined && error === null && <Waiting rows={2} />}
        {data !== undefined && (
          <>
            <Mark tone={data.ok ? 'good' : 'bad'}>
              {data.ok ? 'It can be written to' : (data.title ?? 'It cannot be written to')}
            </Mark>
            <Text size="sm">{data.detail}</Text>
            {data.recommendation !== undefined && (
              <Text size="sm">
                <strong>What to do:</strong> {data.recommendation} <span className="mono">{data.code}</span>
              </Text>
            )}
          </>
        )}
      </Stack>
    </Modal>
  );
}

function Replay({ sink, onClose }: { sink: string; onClose: () => void }) {
  const [from, setFrom] = useState('');
  const [said, setSaid] = useState<{ events: number }>();
  const action = useAction();
  const run = (): Promise<void> =>
    action.run(async () =>
      setSaid(
        await write<{ events: number }>('POST', '/outbox/replay', { sink, from: new Date(`${from}Z`).toISOString() }),
      ),
    );
  return (
    <Modal opened onClose={onClose} title={`Replay to ${sink}`} closeButtonProps={CLOSE}>
      <Stack>
        <Text size="sm">
          What was collected since then is sent to this sink again, with the same ids, as far as it is kept.
        </Text>
        <TextInput
          type="datetime-local"
          label="Since (UTC)"
          data-autofocus
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        {said !== undefined && <Text role="status">{count(said.events)} events are sent again.</Text>}
        <ProblemAlert error={action.error} />
        <Button disabled={from === ''} loading={action.busy} onClick={() => void run()}>
          Send again
        </Button>
      </Stack>
    </Modal>
  );
}
