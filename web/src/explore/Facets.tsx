import { ActionIcon, Group, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { facetsQuery } from '../api/queries.ts';
import type { Facet, View } from '../api/types.ts';
import { count, words } from '../parts/format.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { SEVERITIES } from '../parts/Severity.tsx';
import { canFacet, facetCondition, holds, toggled } from './filter.ts';

interface FacetsProps {
  readonly view: View;
  readonly filter: string;
  readonly facets: readonly string[];
  readonly onFacets: (facets: readonly string[]) => void;
  readonly onFilter: (filter: string) => void;
}

/** Values of columns with how many rows have each; a click asks for one, another takes it back. */
export function Facets({ view, filter, facets, onFacets, onFilter }: FacetsProps) {
  const { data, error } = useQuery({
    ...facetsQuery(view.name, filter, facets.join(',')),
    enabled: facets.length > 0,
    placeholderData: (before) => before,
  });
  const more = view.columns.filter(
    (column) => !facets.includes(column.name) && (canFacet(column) || column.name === 'severity'),
  );
  return (
    <Stack gap="sm" component="aside" aria-label="Facets">
      {facets.map((name) => (
        <section key={name} aria-label={words(name)}>
          <Group justify="space-between">
            <Text size="sm" fw={600}>
              {words(name)}
            </Text>
            <ActionIcon
              size="xs"
              variant="subtle"
              aria-label={`Take away the facet ${words(name)}`}
              onClick={() => onFacets(facets.filter((one) => one !== name))}
            >
              ×
            </ActionIcon>
          </Group>
          {data === undefined && error === null && <Waiting rows={2} height={14} />}
          {inOrder(name, data?.[name] ?? []).map(({ value, count: rows }) => {
            const condition = facetCondition(name, value);
            return (
              <button
                type="button"
                key={String(value)}
                className="facet"
                aria-pressed={holds(filter, condition)}
                onClick={() => onFilter(toggled(filter, condition))}
              >
                <span title={String(value)}>{labelOf(name, value)}</span>
                <span className="number">{count(rows)}</span>
              </button>
            );
          })}
          {data !== undefined && (data[name] ?? []).length === 0 && (
            <Text size="xs" c="dimmed">
              nothing
            </Text>
          )}
        </section>
      ))}
      {error !== null && data === undefined && facets.length > 0 && <ProblemAlert error={error} />}
      {more.length > 0 && (
        <Select
          size="xs"
          aria-label="Add a facet"
          placeholder="Add a facet"
          searchable
          value={null}
          data={more.map(({ name }) => ({ value: name, label: words(name) }))}
          onChange={(name) => name !== null && onFacets([...facets, name])}
        />
      )}
    </Stack>
  );
}

function labelOf(column: string, value: Facet['value']): string {
  if (value === null) return '(none)';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  return column === 'severity' ? `${value} ${SEVERITIES[Number(value)] ?? ''}` : String(value);
}

/** The most frequent first, but severities by their level. */
const inOrder = (column: string, facets: readonly Facet[]): readonly Facet[] =>
  column === 'severity' ? facets.toSorted((a, b) => Number(b.value) - Number(a.value)) : facets;
