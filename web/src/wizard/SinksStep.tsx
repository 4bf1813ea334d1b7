import { Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sinksQuery } from '../api/queries.ts';
import { Sample } from '../pages/SinkSample.tsx';
import { Empty } from '../parts/Empty.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Mark, toneOf } from '../parts/StatusMark.tsx';

export function SinksStep() {
  const query = useQuery(sinksQuery);
  const [shown, setShown] = useState<string | null>(null);
  return (
    <Stack>
      <Text size="sm">
        Every event goes to the sinks below, as the routes of quarry.yaml say. The inventory of this page gets it in any
        case.
      </Text>
      <Loaded query={query}>
        {(sinks) => (
          <>
            <ListTable
              label="Sinks"
              items={sinks}
              keyOf={({ name }) => name}
              empty={
                <Empty title="No sink yet">
                  Only the inventory of this page receives it. Sinks are added in quarry.yaml, at any time.
                </Empty>
              }
              columns={[
                { title: 'Sink', cell: ({ name }) => name },
                { title: 'Type', cell: ({ type }) => type },
                { title: 'Format', cell: ({ format }) => format },
                { title: 'Guarantee', cell: ({ guarantee }) => guarantee },
                { title: 'State', cell: ({ state }) => <Mark tone={toneOf(state)}>{state}</Mark> },
              ]}
            />
            {sinks.length > 0 && (
              <Select
                label="Sample of what arrives at"
                placeholder="Choose a sink"
                maw={320}
                data={sinks.map(({ name }) => name)}
                value={shown}
                onChange={setShown}
              />
            )}
            {shown !== null && <Sample sink={shown} />}
          </>
        )}
      </Loaded>
    </Stack>
  );
}
