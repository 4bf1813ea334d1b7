import { Button, CloseButton, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { View } from '../api/types.ts';
import { words } from '../parts/format.ts';
import { type Condition, conditionsOf, OPERATOR_NAMES, operatorsOf, textOf } from './filter.ts';

interface QueryBoxProps {
  readonly view: View;
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}

/** The query as text, and the same query as conditions to choose. */
export function QueryBox({ view, filter, onFilter }: QueryBoxProps) {
  const [text, setText] = useState(filter);
  const [built, { toggle }] = useDisclosure();
  useEffect(() => setText(filter), [filter]);
  const example = view.columns.find(({ type, searchable }) => type === 'text' && searchable)?.name;
  return (
    <form
      aria-label="Query"
      onSubmit={(event) => {
        event.preventDefault();
        onFilter(text.trim());
      }}
    >
      <Group gap="xs" align="flex-start" wrap="nowrap">
        <TextInput
          data-search
          aria-label="Query"
          placeholder={`A word${example === undefined ? '' : `, ${example}:text`}, or conditions joined with and, or, not   ( / )`}
          style={{ flex: 1 }}
          classNames={{ input: 'mono' }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          rightSection={
            text !== '' && <CloseButton size="sm" aria-label="Clear the query" onClick={() => onFilter('')} />
          }
        />
        <Button type="submit">Ask</Button>
        <Button variant="default" onClick={toggle} aria-expanded={built}>
          Builder
        </Button>
      </Group>
      {built && <Builder view={view} filter={filter} onFilter={onFilter} />}
    </form>
  );
}

function Builder({ view, filter, onFilter }: QueryBoxProps) {
  const asked = conditionsOf(filter);
  const [rows, setRows] = useState<readonly Condition[]>(asked ?? []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was asked shows as it was asked
  useEffect(() => setRows(asked ?? []), [filter]);
  if (asked === undefined)
    return (
      <Text size="sm" mt="xs">
        This query has or, not, parentheses or lists: it can only be changed as text.
      </Text>
    );
  const change = (at: number, part: Partial<Condition>): void =>
    setRows(rows.map((row, i) => (i === at ? { ...row, ...part } : row)));
  return (
    <Stack gap="xs" mt="xs" role="group" aria-label="Conditions">
      {rows.map((row, i) => {
        const type = view.columns.find(({ name }) => name === row.column)?.type ?? 'text';
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition is its place in the list
          <Group key={i} gap="xs">
            <Select
              size="xs"
              aria-label={`Column of condition ${i + 1}`}
              searchable
              w={200}
              allowDeselect={false}
              data={[
                { value: '', label: 'Anywhere' },
                ...view.columns.map(({ name }) => ({ value: name, label: words(name) })),
              ]}
              value={row.column ?? ''}
              onChange={(column) => {
                const next = view.columns.find(({ name }) => name === column);
                change(i, { column: next?.name, operator: operatorsOf(next?.type ?? 'text')[0] ?? ':' });
              }}
            />
            <Select
              size="xs"
              aria-label={`Comparison of condition ${i + 1}`}
              w={120}
              allowDeselect={false}
              disabled={row.column === undefined}
              data={operatorsOf(type).map((value) => ({ value, label: OPERATOR_NAMES[value] ?? value }))}
              value={row.operator}
              onChange={(operator) => change(i, { operator: operator ?? ':' })}
            />
            <TextInput
              size="xs"
              aria-label={`Value of condition ${i + 1}`}
              placeholder={type === 'time' ? '7d or 2026-01-31' : type === 'boolean' ? 'true or false' : ''}
              value={row.value}
              onChange={(event) => change(i, { value: event.currentTarget.value })}
            />
            <CloseButton
              size="sm"
              aria-label={`Remove condition ${i + 1}`}
              onClick={() => setRows(rows.filter((_, at) => at !== i))}
            />
          </Group>
        );
      })}
      <Group gap="xs">
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => setRows([...rows, { column: undefined, operator: ':', value: '' }])}
        >
          Add a condition
        </Button>
        <Button size="compact-sm" onClick={() => onFilter(textOf(rows))}>
          Ask with these
        </Button>
        <Text size="xs" className="mono">
          {textOf(rows)}
        </Text>
      </Group>
    </Stack>
  );
}
