import { Button, Checkbox, Group, NumberInput, Select, Stack, Table, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { write } from '../api/client.ts';
import { datasetsQuery, presetsQuery } from '../api/queries.ts';
import type { Plan as Cost, Dataset } from '../api/types.ts';
import { count } from '../parts/format.ts';
import { Loaded } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { bodyOf } from './draft.ts';
import { EVERY, minutesOf, ownEvery } from './intervals.ts';
import type { StepProps } from './Wizard.tsx';

export function DatasetsStep({ draft, wrong, change }: StepProps) {
  const query = useQuery(datasetsQuery);
  const presets = useQuery(presetsQuery).data ?? [];
  const { datasets: chosen } = draft;
  const all = query.data;
  // Everything, until somebody chooses: that is what Quarry is for.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the catalogue has come
  useEffect(() => {
    if (all !== undefined && Object.keys(chosen).length === 0) pick(all.map(({ name }) => name));
  }, [all]);
  const pick = (names: readonly string[]): void =>
    change({ datasets: Object.fromEntries(names.map((name) => [name, chosen[name] ?? ''])) });
  const toggle = (name: string): void => {
    const { [name]: was, ...rest } = chosen;
    change({ datasets: was === undefined ? { ...chosen, [name]: '' } : rest });
  };
  return (
    <Loaded query={query} rows={10}>
      {(datasets) => {
        const pulls = (one: Dataset): number => Math.ceil(1440 / minutesOf(chosen[one.name] || ownEvery(one)));
        const total = datasets.filter(({ name }) => name in chosen).reduce((sum, one) => sum + pulls(one), 0);
        return (
          <Stack>
            <Group gap="xs">
              <Text size="sm">Content type:</Text>
              <Button size="compact-sm" variant="default" onClick={() => pick(datasets.map(({ name }) => name))}>
                Everything
              </Button>
              {presets.map((preset) => (
                <Button key={preset.name} size="compact-sm" variant="default" onClick={() => pick(preset.datasets)}>
                  {preset.title.split(':')[0]}
                </Button>
              ))}
              <Select
                aria-label="Interval for all"
                size="xs"
                w={150}
                placeholder="Interval for all"
                data={EVERY}
                value={null}
                onChange={(every) =>
                  every !== null &&
                  change({ datasets: Object.fromEntries(Object.keys(chosen).map((name) => [name, every])) })
                }
              />
            </Group>
            {wrong.datasets !== undefined && (
              <Text c="var(--mantine-color-error)" role="alert" size="sm">
                {wrong.datasets}
              </Text>
            )}
            <Table.ScrollContainer minWidth={560} type="native">
              <Table verticalSpacing={4}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Data set</Table.Th>
                    <Table.Th scope="col">Interval</Table.Th>
                    <Table.Th scope="col" className="number">
                      Pulls a day
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {datasets.map((one) => (
                    <Table.Tr key={one.name}>
                      <Table.Td>
                        <Checkbox
                          label={one.title}
                          description={one.about}
                          checked={one.name in chosen}
                          onChange={() => toggle(one.name)}
                        />
                      </Table.Td>
                      <Table.Td>
                        <Select
                          aria-label={`Interval of ${one.title}`}
                          size="xs"
                          w={150}
                          disabled={!(one.name in chosen)}
                          data={[{ value: '', label: `${ownEvery(one)} (default)` }, ...EVERY]}
                          value={chosen[one.name] ?? ''}
                          onChange={(every) => change({ datasets: { ...chosen, [one.name]: every ?? '' } })}
                        />
                      </Table.Td>
                      <Table.Td className="number">{one.name in chosen ? count(pulls(one)) : '–'}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Text size="sm">
              At least <strong>{count(total)} calls</strong> to Qualys a day: one for each pull, more where an answer
              has several pages.
            </Text>
            <Estimate draft={draft} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

/** What the choice would cost, by the size of the subscription. */
function Estimate({ draft }: Pick<StepProps, 'draft'>) {
  const [hosts, setHosts] = useState(10_000);
  const [asked] = useDebouncedValue({ hosts, datasets: draft.datasets }, 500);
  const { data, error } = useQuery({
    queryKey: ['estimate', asked],
    enabled: Object.keys(asked.datasets).length > 0,
    placeholderData: (before: Cost | undefined) => before,
    queryFn: () => {
      const { tenant, settings } = bodyOf({ ...draft, datasets: asked.datasets });
      return write<Cost>('POST', '/connections/plan', { tenant, settings, hosts: asked.hosts });
    },
  });
  const most = data?.apis.toSorted((a, b) => b.share - a.share)[0];
  return (
    <Group align="flex-end">
      <NumberInput
        label="Hosts in the subscription, about"
        min={1}
        max={10_000_000}
        thousandSeparator
        value={hosts}
        onChange={(value) => setHosts(Number(value) || 1)}
      />
      <div role="status">
        {data !== undefined && most !== undefined && (
          <Text size="sm">
            The first load takes about <strong>{count(data.first_calls)} calls</strong> and{' '}
            {Math.max(0.1, data.first_hours).toFixed(1)} hours, an average day {count(Math.round(data.daily_calls))}{' '}
            calls; at most {Math.ceil(most.share * 100)} % of a limit ({most.api}).
            {most.share > 1 && ' That is more than the limit allows: choose longer intervals.'}
          </Text>
        )}
        <ProblemAlert error={error} />
      </div>
    </Group>
  );
}
