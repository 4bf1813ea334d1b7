import { Alert, List, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { countQuery, facetsQuery, overviewQuery } from '../api/queries.ts';
import type { Facets, Overview as Said } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { Filling, inventoryWaiting } from '../parts/Filling.tsx';
import { count, words } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded, Waiting } from '../parts/Loaded.tsx';
import { Figure, PageHead, Panel } from '../parts/Panel.tsx';
import { Severity } from '../parts/Severity.tsx';
import { Mark, toneOf } from '../parts/StatusMark.tsx';
import { When } from '../parts/When.tsx';
import { Incomplete } from './Incomplete.tsx';
import { Workers } from './Workers.tsx';

// Charts come after the page: they are half of all its code.
const Volume = lazy(async () => ({ default: (await import('../pictures/Volume.tsx')).Volume }));
const BudgetGauges = lazy(async () => ({ default: (await import('../pictures/BudgetGauges.tsx')).BudgetGauges }));

/** How everything is doing, on one page. */
export function Overview() {
  return (
    <>
      <PageHead title="Overview" />
      <Loaded query={useQuery(overviewQuery)} rows={8}>
        {(said) => (
          <Stack>
            <Health health={said.health} />
            <Incomplete />
            <Inventory waiting={inventoryWaiting(said.sinks)} />
            <SimpleGrid cols={{ base: 1, lg: 2 }}>
              <Panel title="Events by data set, last 24 hours">
                <Suspense fallback={<Waiting />}>
                  <Volume volume={said.volume} />
                </Suspense>
              </Panel>
              <Panel title="Calls left at Qualys">
                <Suspense fallback={<Waiting />}>
                  <BudgetGauges budgets={said.budgets} />
                </Suspense>
              </Panel>
              <Panel title="Sinks" actions={<Link to="/sinks">All</Link>}>
                <Sinks sinks={said.sinks} />
              </Panel>
              {said.health.workers !== undefined && <Workers />}
              <Panel title="Next pulls" actions={<Link to="/connections">Connections</Link>}>
                <NextRuns runs={said.next_runs.slice(0, 8)} />
              </Panel>
            </SimpleGrid>
          </Stack>
        )}
      </Loaded>
    </>
  );
}

const HEALTH = {
  ok: ['green', 'Everything is on time'],
  warn: ['yellow', 'Something is late'],
  failed: ['red', 'Something needs you'],
} as const;

function Health({ health }: { health: Said['health'] }) {
  const { status, late_streams, failed_streams, total_streams, messages } = health;
  const [color, title] = HEALTH[status];
  if (total_streams === 0)
    return (
      <Alert color="cyan" variant="outline" title="Nothing is collected yet">
        <Link to="/connections/new">Add a connection</Link>: an address and a Qualys user are enough.
      </Alert>
    );
  return (
    <Alert color={color} variant="outline" title={<Mark tone={toneOf(status)}>{title}</Mark>}>
      <Text size="sm">
        {count(total_streams)} streams: {count(failed_streams)} failed, {count(late_streams)} late.
      </Text>
      {messages.length > 0 && (
        <List size="sm">
          {messages.map((message) => (
            <List.Item key={message}>{message}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}

const OPEN = 'is_open=true and type!=Info and ignored=false and disabled=false';

/** While the inventory is being filled, its figures are asked for again. */
const FILLING_MS = 3000;

function Inventory({ waiting }: { waiting: number }) {
  const often = waiting === 0 ? {} : { staleTime: 0, refetchInterval: FILLING_MS };
  const devices = useQuery({ ...countQuery('devices', ''), ...often }).data;
  const severities = useQuery({ ...facetsQuery('findings', OPEN, 'severity'), ...often }).data?.['severity'];
  const open = severities?.reduce((sum, facet) => sum + facet.count, 0);
  return (
    <>
      {waiting > 0 && <Filling waiting={waiting} />}
      <Figures devices={devices} open={open} severities={severities} />
    </>
  );
}

interface FiguresProps {
  readonly devices: number | undefined;
  readonly open: number | undefined;
  readonly severities: Facets[string] | undefined;
}

function Figures({ devices, open, severities }: FiguresProps) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 7 }}>
      <Figure name="Assets">
        <Link to="/explore/$view" params={{ view: 'devices' }} search={{}}>
          {count(devices)}
        </Link>
      </Figure>
      <Figure name="Open findings">
        <Link to="/explore/$view" params={{ view: 'findings' }} search={{ filter: OPEN }}>
          {count(open)}
        </Link>
      </Figure>
      {[5, 4, 3, 2, 1].map((level) => (
        <div key={level} className="panel figure">
          <div className="figure-value">
            <Link
              to="/explore/$view"
              params={{ view: 'findings' }}
              search={{ filter: `${OPEN} and severity=${level}` }}
            >
              {count(
                severities === undefined ? undefined : (severities.find(({ value }) => value === level)?.count ?? 0),
              )}
            </Link>
          </div>
          <Severity level={level} />
        </div>
      ))}
    </SimpleGrid>
  );
}

function Sinks({ sinks }: { sinks: Said['sinks'] }) {
  return (
    <ListTable
      label="Sinks"
      items={sinks}
      keyOf={({ name }) => name}
      empty={<Empty title="No sink yet">Events go to the inventory alone. Add a sink to quarry.yaml.</Empty>}
      columns={[
        { title: 'Sink', cell: ({ title }) => title },
        { title: 'State', cell: ({ state }) => <Mark tone={toneOf(state)}>{state}</Mark> },
        { title: 'Waiting', cell: ({ pending }) => count(pending), number: true },
        { title: 'Delivered', cell: ({ delivered }) => count(delivered), number: true },
        { title: 'Last', cell: ({ last_delivered }) => <When at={last_delivered} none="never" /> },
      ]}
    />
  );
}

function NextRuns({ runs }: { runs: Said['next_runs'] }) {
  return (
    <ListTable
      label="Next pulls"
      items={runs}
      keyOf={({ connection, dataset }) => `${connection}/${dataset}`}
      empty={<Empty title="No pull is due">Streams that run now, or are paused, are not listed.</Empty>}
      columns={[
        { title: 'Data set', cell: ({ dataset }) => words(dataset) },
        {
          title: 'Connection',
          cell: ({ connection }) => (
            <Link to="/connections/$id" params={{ id: connection }}>
              {connection}
            </Link>
          ),
        },
        { title: 'Kind', cell: ({ kind }) => kind },
        { title: 'When', cell: ({ at }) => <When at={at} /> },
      ]}
    />
  );
}
