import { Alert, Autocomplete, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { connectionsQuery } from '../api/queries.ts';
import { idOf } from './draft.ts';
import type { StepProps } from './Wizard.tsx';

const FIXED = [
  ['Category', 'Vulnerability scanner'],
  ['Type', 'Qualys'],
  ['Function', 'Collect'],
] as const;

export function GeneralStep({ draft, wrong, change }: StepProps) {
  const { name, id, tenant, runOn, notes } = draft;
  const known = useQuery(connectionsQuery).data;
  const tenants = [...new Set(known?.map((one) => one.tenant))];
  const only = tenants.length === 1 ? tenants[0] : undefined;
  // Where there is one tenant, a connection more is most likely its own.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the connections have come
  useEffect(() => {
    if (only !== undefined && tenant === '') change({ tenant: only });
  }, [only]);
  const named = (next: string): void => change({ name: next, ...(id === idOf(name) ? { id: idOf(next) } : {}) });
  return (
    <Stack maw={560}>
      <Alert color="cyan" variant="outline">
        Id and tenant cannot be changed once the connection is there. Fields with * are required.
      </Alert>
      <Group gap="xl">
        {FIXED.map(([title, value]) => (
          <div key={title}>
            <Text size="xs" c="dimmed">
              {title}
            </Text>
            <Text size="sm">{value}</Text>
          </div>
        ))}
      </Group>
      <TextInput
        label="Name"
        required
        data-autofocus
        value={name}
        error={wrong.name}
        onChange={(event) => named(event.currentTarget.value)}
      />
      <TextInput
        label="Id"
        required
        description="In the configuration, in file names and in every event"
        value={id}
        error={wrong.id}
        onChange={(event) => change({ id: event.currentTarget.value })}
      />
      <Autocomplete
        label="Tenant"
        description="Whose data it is: a label on every event, and a wall between people. A new one needs sinks that name it in quarry.yaml."
        placeholder={id}
        data={tenants}
        value={tenant}
        error={wrong.tenant}
        onChange={(value) => change({ tenant: value })}
      />
      <TextInput
        label="Run on"
        description="The worker that should collect it; any, when empty. A private platform is best read from a worker beside it."
        value={runOn}
        onChange={(event) => change({ runOn: event.currentTarget.value })}
      />
      <Textarea
        label="Notes"
        description={`${notes.length} of 250 characters`}
        value={notes}
        error={wrong.notes}
        onChange={(event) => change({ notes: event.currentTarget.value })}
      />
    </Stack>
  );
}
