import { ActionIcon, Menu, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { write } from '../api/client.ts';
import { useEventStream } from '../api/event-stream.ts';
import { completenessQuery, streamsQuery } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import type { Progress, Stream } from '../api/types.ts';
import { Complete } from '../parts/Complete.tsx';
import { Empty } from '../parts/Empty.tsx';
import { absolute, bytes, count, duration } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Mark, toneOf } from '../parts/StatusMark.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';
import { BackfillDialog, CheckpointDialog, ResetDialog } from './StreamDialogs.tsx';

type Live = Readonly<Record<string, Progress & { ended?: boolean }>>;
type Asked = { readonly what: 'reset' | 'backfill' | 'checkpoint'; readonly stream: Stream };

/** The streams of a connection, with what the pulls under way have read so far. */
export function Streams({ connection }: { connection: string }) {
  const client = useQueryClient();
  const query = useQuery(streamsQuery(connection));
  const coverage = new Map(
    useQuery(completenessQuery(connection)).data?.map((one) => [one.dataset, one] as const) ?? [],
  );
  const [live, setLive] = useState<Live>({});
  const [asked, setAsked] = useState<Asked>();
  const action = useAction();
  useEventStream('/progress/stream', { connection }, ({ event, data }) => {
    const said = data as Progress & { dataset: string; ended?: boolean };
    if (event === 'progress') setLive((before) => ({ ...before, [said.dataset]: said }));
    else
      for (const list of ['streams', 'completeness']) void client.invalidateQueries({ queryKey: [list, connection] });
  });
  return (
    <div className="panel">
      <ProblemAlert error={action.error} />
      <Loaded query={query} rows={8}>
        {(streams) => (
          <ListTable
            label="Streams"
            items={streams}
            keyOf={({ dataset }) => dataset}
            empty={<Empty title="No stream">The connection collects no data set: choose some in its settings.</Empty>}
            columns={[
              {
                title: 'Data set',
                cell: ({ title, dataset }) => (
                  <>
                    {title}
                    <div className="mono">{dataset}</div>
                  </>
                ),
              },
              { title: 'State', cell: (stream) => <Phase stream={stream} progress={live[stream.dataset]} /> },
              { title: 'Safe up to', cell: ({ watermark }) => <Safe at={watermark} /> },
              {
                title: 'Lag',
                cell: ({ lag_seconds: lag }) =>
                  typeof lag !== 'number' ? '–' : <span className="nowrap">{duration(lag * 1000)}</span>,
                number: true,
              },
              { title: 'Records', cell: ({ rows_total }) => count(rows_total), number: true },
              {
                title: 'Complete',
                cell: ({ dataset, kind }) => <Complete of={coverage.get(dataset)} kind={kind} />,
              },
              { title: 'Set aside', cell: ({ quarantined }) => count(quarantined), number: true },
              {
                title: 'Actions',
                cell: (stream) => (
                  <StreamMenu
                    stream={stream}
                    post={(verb, body) =>
                      void action.run(() =>
                        write('POST', `/connections/${connection}/streams/${stream.dataset}/${verb}`, body),
                      )
                    }
                    ask={(what) => setAsked({ what, stream })}
                  />
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {asked?.what === 'reset' && <ResetDialog stream={asked.stream} onClose={() => setAsked(undefined)} />}
      {asked?.what === 'backfill' && <BackfillDialog stream={asked.stream} onClose={() => setAsked(undefined)} />}
      {asked?.what === 'checkpoint' && <CheckpointDialog stream={asked.stream} onClose={() => setAsked(undefined)} />}
    </div>
  );
}

/** By Qualys's clock, which may be ahead of this one's; a simulated one runs faster than time. */
function Safe({ at }: { at: string | null | undefined }) {
  const ms = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  return ms > Date.now() + AHEAD_MS ? (
    <span className="nowrap">{absolute(ms)}</span>
  ) : (
    <When at={at} none="nothing yet" />
  );
}

const AHEAD_MS = 60_000;

function Phase({ stream, progress }: { stream: Stream; progress: (Progress & { ended?: boolean }) | undefined }) {
  const { phase, why, until, fix, held_sweep, backfill } = stream;
  const now = phase === 'pulling' ? (progress?.ended === true ? undefined : (progress ?? stream.progress)) : undefined;
  return (
    <>
      <Mark tone={phase === 'waiting' ? 'good' : toneOf(phase === 'pulling' ? 'running' : phase)}>
        {phase === 'waiting' ? 'up to date' : phase}
      </Mark>
      {now !== undefined && (
        <Text size="xs">
          {count(now.rows)} records, {count(now.pages)} pages, {bytes(now.bytes)}
          {now.left > 0 && `, ${count(now.left)} ranges left`}, {duration(now.elapsed_ms)}
          {now.elapsed_ms > 2000 && ` (${count(Math.round((now.rows / now.elapsed_ms) * 1000))}/s)`}
        </Text>
      )}
      {why !== undefined && phase !== 'waiting' && <Text size="xs">{why}</Text>}
      {until !== undefined && (
        <Text size="xs">
          next <When at={until} />
        </Text>
      )}
      {fix !== undefined && (
        <Text size="xs">
          <strong>What to do:</strong> {fix}
        </Text>
      )}
      {held_sweep !== undefined && (
        <Text size="xs">
          A full reading missed {count(held_sweep.absent)} of {count(held_sweep.known)}: see Set aside.
        </Text>
      )}
      {backfill !== undefined && (
        <Text size="xs">
          Back-fill from {backfill.from} to {backfill.to}
        </Text>
      )}
    </>
  );
}

interface StreamMenuProps {
  readonly stream: Stream;
  readonly post: (verb: string, body?: unknown) => void;
  readonly ask: (what: Asked['what']) => void;
}

function StreamMenu({ stream: { title, can_backfill, phase, enabled }, post, ask }: StreamMenuProps) {
  const operator = useMay('operator');
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size="sm" aria-label={`Actions for ${title}`}>
          ⋯
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={!operator || !enabled} onClick={() => post('run', {})}>
          Pull now
        </Menu.Item>
        <Menu.Item disabled={!operator || !enabled} onClick={() => post('run', { sweep: true })}>
          Read everything again
        </Menu.Item>
        <Menu.Item disabled={!operator || phase !== 'pulling'} onClick={() => post('terminate')}>
          End the pull
        </Menu.Item>
        {can_backfill && (
          <Menu.Item disabled={!operator || !enabled} onClick={() => ask('backfill')}>
            Back-fill…
          </Menu.Item>
        )}
        <Menu.Item disabled={!enabled} onClick={() => ask('checkpoint')}>
          Checkpoint
        </Menu.Item>
        <Menu.Item color="red" disabled={!operator || !enabled} onClick={() => ask('reset')}>
          Reset…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
