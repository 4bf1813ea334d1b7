import { Button, Checkbox, Collapse, Group, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { datasetsQuery } from '../../api/queries.ts';
import type { Dataset } from '../../api/types.ts';
import { Loaded } from '../../parts/Loaded.tsx';
import { EVERY, ownEvery } from '../../wizard/intervals.ts';
import { type OptionSchema, SchemaField } from './SchemaField.tsx';
import { datasetsOf, type Section, withValue } from './section.ts';

interface DatasetSettingsProps {
  readonly section: Section;
  readonly disabled: boolean;
  readonly onChange: (section: Section) => void;
}

/** Which data sets are collected, how often, and with which of their options. */
export function DatasetSettings({ section, disabled, onChange }: DatasetSettingsProps) {
  return (
    <Loaded query={useQuery(datasetsQuery)} rows={8}>
      {(catalogue) => {
        const chosen = datasetsOf(
          section,
          catalogue.map(({ name }) => name),
        );
        const change = (name: string, own: Section | undefined): void => {
          const { [name]: _, ...others } = chosen;
          onChange({ ...section, datasets: own === undefined ? others : { ...others, [name]: own } });
        };
        return (
          <Stack gap="xs">
            {catalogue.map((dataset) => (
              <One
                key={dataset.name}
                dataset={dataset}
                own={chosen[dataset.name]}
                disabled={disabled}
                onChange={(own) => change(dataset.name, own)}
              />
            ))}
          </Stack>
        );
      }}
    </Loaded>
  );
}

interface OneProps {
  readonly dataset: Dataset;
  /** Undefined where it is not collected. */
  readonly own: Section | undefined;
  readonly disabled: boolean;
  readonly onChange: (own: Section | undefined) => void;
}

function One({ dataset, own, disabled, onChange }: OneProps) {
  const [open, setOpen] = useState(false);
  const { title, options } = dataset;
  const fields = Object.entries((options as OptionSchema).properties ?? {});
  const every = typeof own?.['every'] === 'string' ? own['every'] : '';
  const set = Object.keys(own ?? {}).filter((name) => name !== 'every').length;
  return (
    <section aria-label={title}>
      <Group justify="space-between" gap="xs">
        <Checkbox
          label={title}
          checked={own !== undefined}
          disabled={disabled}
          onChange={({ currentTarget: { checked } }) => onChange(checked ? {} : undefined)}
        />
        <Group gap="xs">
          {own?.['cron'] === undefined ? (
            <Select
              aria-label={`Interval of ${title}`}
              size="xs"
              w={150}
              allowDeselect={false}
              disabled={disabled || own === undefined}
              data={[
                { value: '', label: `${ownEvery(dataset)} (default)` },
                ...[...new Set([...EVERY, ...(every === '' ? [] : [every])])],
              ]}
              value={every}
              onChange={(next) => own !== undefined && onChange(withValue(own, 'every', next ?? ''))}
            />
          ) : (
            <Text size="sm" className="mono">
              {String(own['cron'])}
            </Text>
          )}
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={open}
            aria-label={`Options${set === 0 ? '' : ` (${set} set)`} of ${title}`}
            disabled={own === undefined || fields.length === 0}
            onClick={() => setOpen(!open)}
          >
            Options{set === 0 ? '' : ` (${set} set)`}
          </Button>
        </Group>
      </Group>
      {own !== undefined && (
        <Collapse expanded={open} keepMounted={false}>
          <SimpleGrid cols={{ base: 1, sm: 2 }} p="sm">
            {fields.map(([name, schema]) => (
              <SchemaField
                key={name}
                name={name}
                schema={schema}
                value={own[name]}
                disabled={disabled}
                onChange={(value) => onChange(withValue(own, name, value))}
              />
            ))}
          </SimpleGrid>
        </Collapse>
      )}
    </section>
  );
}
