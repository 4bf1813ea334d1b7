import { SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import type { Plan as Cost } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { count, duration } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Figure, Panel } from '../parts/Panel.tsx';
import { Mark } from '../parts/StatusMark.tsx';

/** What the connection costs: calls to Qualys, and hours at its limits. */
export function Plan({ connection }: { connection: string }) {
  const query = useQuery({
    queryKey: ['plan', connection],
    queryFn: () => get<Cost>(`/connections/${connection}/plan`),
  });
  return (
    <Loaded query={query} rows={6}>
      {({ first_calls, daily_calls, first_hours, streams, apis }) => (
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            <Figure name="Calls of the first load">{count(first_calls)}</Figure>
            <Figure name="Hours of the first load">{hours(first_hours)}</Figure>
            <Figure name="Calls on an average day">{count(Math.round(daily_calls))}</Figure>
          </SimpleGrid>
          <Panel title="By limit">
            <ListTable
              label="Cost by limit"
              items={apis}
              keyOf={({ api }) => api}
              empty={<Empty title="Nothing is collected">The connection has no data set that is enabled.</Empty>}
              columns={[
                { title: 'API', cell: ({ api }) => api },
                {
                  title: 'Limit',
                  cell: ({ limit, window_s, seen }) =>
                    `${count(limit)} in ${duration(window_s * 1000)}${seen ? '' : ' (standard)'}`,
                },
                { title: 'First load', cell: (one) => count(one.first_calls), number: true },
                { title: 'A day', cell: (one) => count(Math.round(one.daily_calls)), number: true },
                {
                  title: 'Of the limit',
                  cell: ({ share }) => (
                    <Mark
                      tone={share > 1 ? 'bad' : share > 0.7 ? 'wait' : 'good'}
                    >{`${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`}</Mark>
                  ),
                  number: true,
                },
              ]}
            />
          </Panel>
          <Panel title="By data set">
            <ListTable
              label="Cost by data set"
              items={streams}
              keyOf={({ dataset }) => dataset}
              empty={<Empty title="Nothing is collected">The connection has no data set that is enabled.</Empty>}
              columns={[
                { title: 'Data set', cell: ({ dataset }) => dataset },
                { title: 'Objects', cell: ({ objects }) => count(objects), number: true },
                { title: 'First load', cell: (one) => count(one.first_calls), number: true },
                { title: 'A pull', cell: (one) => count(one.pull_calls), number: true },
                { title: 'A day', cell: (one) => count(Math.round(one.daily_calls)), number: true },
                { title: 'Figures are', cell: ({ basis }) => basis },
              ]}
            />
            <Text size="sm" c="dimmed">
              Measured figures come from the last pulls, assumed ones from Qualys's page sizes. Limits are counted for
              each API of a subscription.
            </Text>
          </Panel>
        </Stack>
      )}
    </Loaded>
  );
}

const hours = (value: number): string => (value < 0.1 ? 'under 0.1' : value.toFixed(1));
