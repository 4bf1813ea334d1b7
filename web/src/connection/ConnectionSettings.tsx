import { Alert, Button, Group, PasswordInput, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { write } from '../api/client.ts';
import { useMay } from '../api/session.ts';
import type { Connection } from '../api/types.ts';
import { words } from '../parts/format.ts';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { useAction } from '../parts/useAction.ts';

/** Name, notes, secrets and settings of a connection made here; what was fixed when it was made is only shown. */
export function ConnectionSettings({ connection }: { connection: Connection }) {
  const { id, tenant, subscription, read_only, version, secrets = [], settings = {} } = connection;
  const [name, setName] = useState(connection.name);
  const [notes, setNotes] = useState(connection.notes);
  const [text, setText] = useState(() => JSON.stringify(settings, null, 2));
  const [changed, setChanged] = useState<Readonly<Record<string, string>>>({});
  const action = useAction();
  const disabled = !useMay('operator') || read_only;
  const save = (): Promise<void> =>
    action.run(async () => {
      const open = JSON.parse(text) as Record<string, unknown>;
      const given = Object.entries(changed).filter(([, value]) => value !== '');
      await write('PATCH', `/connections/${id}`, { name, notes, settings: withSecrets(open, given) }, version);
    });
  return (
    <form
      className="panel"
      aria-label="Settings of the connection"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Stack maw={640}>
        {read_only && (
          <Alert color="cyan" variant="outline">
            This connection stands in quarry.yaml. Change it there: it is read again when the process gets SIGHUP.
          </Alert>
        )}
        <Group grow>
          <TextInput label="Id" readOnly value={id} />
          <TextInput label="Tenant" readOnly value={tenant} />
          <TextInput label="Subscription" readOnly value={subscription} />
        </Group>
        <TextInput
          label="Name"
          disabled={disabled}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Notes"
          maxLength={250}
          disabled={disabled}
          value={notes}
          onChange={(event) => setNotes(event.currentTarget.value)}
        />
        {!read_only && (
          <>
            {secrets.map((path) => (
              <PasswordInput
                key={path}
                label={`New ${words(path.replace('.', ' ')).toLowerCase()}`}
                description="Stays as it is when empty"
                autoComplete="new-password"
                disabled={disabled}
                value={changed[path] ?? ''}
                visibilityToggleButtonProps={{ 'aria-label': 'Show it' }}
                onChange={({ currentTarget: { value } }) => setChanged((before) => ({ ...before, [path]: value }))}
              />
            ))}
            <Textarea
              label="Settings"
              description="As under connections in quarry.yaml, as JSON, without secrets"
              autosize
              minRows={6}
              maxRows={24}
              classNames={{ input: 'mono' }}
              disabled={disabled}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          </>
        )}
        <ProblemAlert error={action.error} />
        <Group justify="flex-end">
          <Button type="submit" disabled={disabled} loading={action.busy}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Secrets by path (`proxy.password`) put where they belong. */
function withSecrets(open: Readonly<Record<string, unknown>>, secrets: readonly (readonly [string, string])[]) {
  const settings: Record<string, unknown> = { ...open };
  for (const [path, value] of secrets) {
    const [first = '', second] = path.split('.');
    settings[first] = second === undefined ? value : { ...(settings[first] as object | undefined), [second]: value };
  }
  return settings;
}
