import { Accordion, Alert, Button, Group, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { write } from '../../api/client.ts';
import { useMay } from '../../api/session.ts';
import type { Connection } from '../../api/types.ts';
import { ProblemAlert } from '../../parts/ProblemAlert.tsx';
import { useAction } from '../../parts/useAction.ts';
import { AccessSettings } from './AccessSettings.tsx';
import { DatasetSettings } from './DatasetSettings.tsx';
import { isSection, type Section, valueAt, withValue } from './section.ts';

/** Name, notes, secrets and settings of a connection made here; what was fixed when it was made is only shown. */
export function ConnectionSettings({ connection }: { connection: Connection }) {
  const { id, tenant, subscription, read_only, version, secrets = [], settings = {} } = connection;
  const [name, setName] = useState(connection.name);
  const [notes, setNotes] = useState(connection.notes);
  const [section, setSection] = useState<Section>(settings);
  const [changed, setChanged] = useState<Readonly<Record<string, string>>>({});
  const [wrong, setWrong] = useState(false);
  const action = useAction();
  const disabled = !useMay('operator') || read_only;
  /** By a field: what was being typed as text, right or wrong, gives way to it. */
  const change = (next: Section): void => {
    setSection(next);
    setWrong(false);
  };
  const save = (): Promise<void> =>
    action.run(async () => {
      const given = Object.entries(changed).filter(([, value]) => value !== '');
      const whole = given.reduce((held, [path, value]) => withValue(held, path, value), section);
      await write('PATCH', `/connections/${id}`, { name, notes, settings: whole }, { ifMatch: version });
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
      <Stack maw={720}>
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
        {!read_only && (
          <TextInput
            label="Platform"
            description="Id, tenant and platform stay as they were made; duplicate the connection to change them"
            readOnly
            value={String(section['platform'] ?? valueAt(section, 'api_url') ?? section['gateway_url'] ?? '')}
          />
        )}
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
          <Accordion variant="separated" multiple defaultValue={['access']}>
            <Accordion.Item value="access">
              <Accordion.Control>Sign-in, network and limits</Accordion.Control>
              <Accordion.Panel>
                <AccessSettings
                  section={section}
                  secrets={secrets}
                  changed={changed}
                  disabled={disabled}
                  onChange={change}
                  onSecret={(path, value) => setChanged((before) => ({ ...before, [path]: value }))}
                />
              </Accordion.Panel>
            </Accordion.Item>
            <Accordion.Item value="datasets">
              <Accordion.Control>Data sets and their options</Accordion.Control>
              <Accordion.Panel>
                <DatasetSettings section={section} disabled={disabled} onChange={change} />
              </Accordion.Panel>
            </Accordion.Item>
            <Accordion.Item value="text">
              <Accordion.Control>All of it as text</Accordion.Control>
              <Accordion.Panel>
                <AsText section={section} disabled={disabled} onChange={setSection} onWrong={setWrong} />
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        )}
        <ProblemAlert error={action.error} />
        <Group justify="flex-end">
          <Button type="submit" disabled={disabled || wrong} loading={action.busy}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface AsTextProps {
  readonly section: Section;
  readonly disabled: boolean;
  readonly onChange: (section: Section) => void;
  readonly onWrong: (wrong: boolean) => void;
}

/** What the forms have no field for; taken over as soon as it is an object again. */
function AsText({ section, disabled, onChange, onWrong }: AsTextProps) {
  // What is being typed stands as it is typed, until a field changes the same.
  const [typed, setTyped] = useState<{ readonly text: string; readonly read: Section }>();
  const [wrong, setWrong] = useState<string>();
  const isTyped = typed?.read === section;
  const say = (what: string | undefined): void => {
    setWrong(what);
    onWrong(what !== undefined);
  };
  const type = (text: string): void => {
    try {
      const read = JSON.parse(text) as unknown;
      setTyped({ text, read: isSection(read) ? read : section });
      if (isSection(read)) onChange(read);
      say(isSection(read) ? undefined : 'It is no object.');
    } catch (error) {
      setTyped({ text, read: section });
      say(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Textarea
      label="Settings"
      description="As under connections in quarry.yaml, as JSON, without secrets"
      autosize
      minRows={6}
      maxRows={24}
      classNames={{ input: 'mono' }}
      disabled={disabled}
      error={isTyped ? wrong : undefined}
      value={isTyped ? typed.text : JSON.stringify(section, null, 2)}
      onChange={({ currentTarget: { value } }) => type(value)}
    />
  );
}
