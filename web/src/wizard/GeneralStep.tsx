import { Alert, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { idOf } from './draft.ts';
import type { StepProps } from './Wizard.tsx';

const FIXED = [
  ['Category', 'Vulnerability scanner'],
  ['Type', 'Qualys'],
  ['Function', 'Collect'],
] as const;

export function GeneralStep({ draft, wrong, change }: StepProps) {
  const { name, id, tenant, runOn, notes } = draft;
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
      <TextInput
        label="Tenant"
        description="Whose data it is: a label on every event. The id, when empty."
        value={tenant}
        error={wrong.tenant}
        onChange={(event) => change({ tenant: event.currentTarget.value })}
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
