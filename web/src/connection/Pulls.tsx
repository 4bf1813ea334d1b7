import { Button, Group, Select, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { write } from '../api/client.ts';
import { pullsQuery } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import type { Pull } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { count, duration } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Mark, toneOf } from '../parts/StatusMark.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';

const STATUSES = ['running', 'complete', 'interrupted', 'failed', 'abandoned'];

/** What was pulled, the newest first: how it ended, what it brought, and how long it waited for Qualys's limits. */
export function Pulls({ connection }: { connection: string }) {
  const [status, setStatus] = useState<string | null>(null);
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    pullsQuery({ connection, ...(status === null ? {} : { status }) }),
  );
  const { total = 0, total_is } = data?.pages[0] ?? {};
  const action = useAction();
  const operator = useMay('operator');
  const pulls = data?.pages.flatMap(({ items }) => items);
  return (
    <div className="panel">
      <Select
        label="Ended"
        placeholder="In any way"
        clearable
        data={STATUSES}
        value={status}
        onChange={setStatus}
        maw={220}
        mb="sm"
      />
      <ProblemAlert error={error ?? action.error} />
      {pulls === undefined ? (
        error === null && <Waiting rows={8} />
      ) : (
        <ListTable
          label="Pulls"
          items={pulls}
          keyOf={({ id }) => id}
          empty={
            <Empty title="No such pull">
              Pulls are listed from the moment they begin. Run the connection to see one.
            </Empty>
          }
          columns={[
            { title: 'Data set', cell: ({ dataset }) => dataset },
            { title: 'Kind', cell: ({ kind }) => kind ?? '–' },
            { title: 'Begun', cell: ({ started }) => <When at={started} /> },
            { title: 'Took', cell: (pull) => took(pull), number: true },
            {
              title: 'Waited',
              cell: ({ waited_ms }) => (waited_ms === 0 ? '–' : `${duration(waited_ms)} for limits`),
              number: true,
            },
            { title: 'Calls', cell: ({ requests }) => count(requests), number: true },
            { title: 'Received', cell: ({ received }) => count(received), number: true },
            { title: 'New', cell: ({ emitted }) => count(emitted), number: true },
            { title: 'Unchanged', cell: ({ unchanged }) => count(unchanged), number: true },
            { title: 'Set aside', cell: ({ quarantined }) => count(quarantined), number: true },
            { title: 'Removed', cell: ({ removed }) => count(removed), number: true },
            { title: 'Ended', cell: (pull) => <Ending pull={pull} /> },
            {
              title: 'Actions',
              cell: ({ id, status: now, dataset }) =>
                now === 'running' && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    disabled={!operator}
                    aria-label={`End the pull of ${dataset}`}
                    onClick={() => void action.run(() => write('DELETE', `/pulls/${id}`))}
                  >
                    End
                  </Button>
                ),
            },
          ]}
        />
      )}
      {pulls !== undefined && pulls.length > 0 && (
        <Text size="sm" c="dimmed">
          {count(pulls.length)} of {total_is === 'at_least' ? 'more than ' : ''}
          {count(total)}
        </Text>
      )}
      {hasNextPage && (
        <Group justify="center" mt="sm">
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older pulls
          </Button>
        </Group>
      )}
    </div>
  );
}

const took = ({ started, ended }: Pull): string =>
  started === null ? '–' : duration((ended === null ? Date.now() : Date.parse(ended)) - Date.parse(started));

function Ending({ pull: { status, error, held_sweep } }: { pull: Pull }) {
  return (
    <>
      <Mark tone={toneOf(status)}>{status}</Mark>
      {held_sweep !== undefined && <Text size="xs">held: {count(held_sweep.absent)} absent</Text>}
      {error !== undefined && (
        <Text size="xs">
          {error.what} <span className="mono">{error.code}</span>
        </Text>
      )}
    </>
  );
}
