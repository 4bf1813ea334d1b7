import {
  Accordion,
  Button,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { platformsQuery } from '../api/queries.ts';
import { TestDialog } from '../connection/TestDialog.tsx';
import { bodyOf, configurationWrong, type Draft, OWN_ADDRESS, passwordCaution } from './draft.ts';
import type { StepProps } from './Wizard.tsx';

const WAYS = [
  { value: 'password', label: 'User name and password' },
  { value: 'token', label: 'OpenID token' },
  { value: 'oidc', label: 'OpenID client (id and secret)' },
  { value: 'oauth', label: 'OAuth client (id and secret)' },
];
const SHOW = { 'aria-label': 'Show it' };

export function ConfigurationStep({ draft, wrong, change }: StepProps) {
  const platforms = useQuery(platformsQuery).data ?? [];
  const [trial, setTrial] = useState<'reach' | 'test'>();
  const complete = Object.keys(configurationWrong(draft)).length === 0;
  const { id, tenant, settings } = bodyOf(draft);
  // Without a choice yet, the sign-in alone is worth a test; hosts are what everybody may read.
  const datasets = Object.keys(draft.datasets).length === 0 ? { host_list: {} } : settings['datasets'];
  return (
    <Stack maw={560}>
      <Select
        label="Platform"
        required
        description="Where you sign in to Qualys; Help > About in its console names it."
        allowDeselect={false}
        searchable
        data={[
          ...platforms.map(({ id: value, login_url }) => ({
            value,
            label: login_url === undefined ? value : `${value}: ${login_url}`,
          })),
          { value: OWN_ADDRESS, label: 'Another address (private platform)' },
        ]}
        value={draft.platform}
        onChange={(platform) => change({ platform: platform ?? OWN_ADDRESS })}
      />
      {draft.platform === OWN_ADDRESS && (
        <TextInput
          label="Qualys API URL"
          required
          description="The API server, with or without https:// and a slash at the end"
          placeholder="https://qualysapi.example.com"
          value={draft.apiUrl}
          error={wrong.apiUrl}
          onChange={(event) => change({ apiUrl: event.currentTarget.value })}
        />
      )}
      <Select
        label="Sign-in"
        required
        allowDeselect={false}
        data={WAYS}
        value={draft.signIn}
        onChange={(signIn) => change({ signIn: (signIn ?? 'password') as Draft['signIn'] })}
      />
      <SignInFields draft={draft} wrong={wrong} change={change} />
      <Accordion variant="separated">
        <Accordion.Item value="more">
          <Accordion.Control>Network, tags and limits</Accordion.Control>
          <Accordion.Panel>
            <NetworkFields draft={draft} wrong={wrong} change={change} />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      <Group>
        <Button variant="default" disabled={!complete} onClick={() => setTrial('reach')}>
          Check the network
        </Button>
        <Button variant="default" disabled={!complete} onClick={() => setTrial('test')}>
          Test the sign-in
        </Button>
      </Group>
      {trial !== undefined && (
        <TestDialog
          title={trial === 'reach' ? 'Can its servers be reached?' : 'Test of these settings'}
          path={`/connections/${trial}`}
          body={{ id, tenant, settings: { ...settings, datasets } }}
          onClose={() => setTrial(undefined)}
        />
      )}
    </Stack>
  );
}

function SignInFields({ draft, wrong, change }: StepProps) {
  if (draft.signIn === 'token')
    return (
      <PasswordInput
        label="OpenID token"
        required
        value={draft.token}
        error={wrong.token}
        visibilityToggleButtonProps={SHOW}
        onChange={(event) => change({ token: event.currentTarget.value })}
      />
    );
  if (draft.signIn !== 'password')
    return (
      <>
        <TextInput
          label="Client id"
          required
          value={draft.clientId}
          error={wrong.clientId}
          onChange={(event) => change({ clientId: event.currentTarget.value })}
        />
        <PasswordInput
          label="Client secret"
          required
          value={draft.clientSecret}
          error={wrong.clientSecret}
          visibilityToggleButtonProps={SHOW}
          onChange={(event) => change({ clientSecret: event.currentTarget.value })}
        />
      </>
    );
  const caution = passwordCaution(draft);
  return (
    <>
      <TextInput
        label="User name"
        required
        description="A user of its own for Quarry, with API access, at least Read Asset, and all objects in its scope"
        autoComplete="off"
        value={draft.username}
        error={wrong.username}
        onChange={(event) => change({ username: event.currentTarget.value })}
      />
      <PasswordInput
        label="Password"
        required
        autoComplete="off"
        value={draft.password}
        error={wrong.password}
        visibilityToggleButtonProps={SHOW}
        onChange={(event) => change({ password: event.currentTarget.value })}
      />
      {caution !== undefined && (
        <Text size="sm" role="status">
          {caution}
        </Text>
      )}
    </>
  );
}

function NetworkFields({ draft, wrong, change }: StepProps) {
  return (
    <Stack>
      <Switch
        label="Check the server's certificate"
        checked={draft.verifyTls}
        onChange={(event) => change({ verifyTls: event.currentTarget.checked })}
      />
      <TextInput
        label="HTTPS proxy"
        placeholder="http://proxy.example.com:3128"
        value={draft.proxyUrl}
        error={wrong.proxyUrl}
        onChange={(event) => change({ proxyUrl: event.currentTarget.value })}
      />
      <Group grow>
        <TextInput
          label="Proxy user name"
          value={draft.proxyUsername}
          onChange={(event) => change({ proxyUsername: event.currentTarget.value })}
        />
        <PasswordInput
          label="Proxy password"
          value={draft.proxyPassword}
          visibilityToggleButtonProps={SHOW}
          onChange={(event) => change({ proxyPassword: event.currentTarget.value })}
        />
      </Group>
      <TextInput
        label="Only hosts with these tags"
        description="Names of Qualys tags, separated by commas; all hosts, when empty"
        value={draft.tagsInclude}
        onChange={(event) => change({ tagsInclude: event.currentTarget.value })}
      />
      <NumberInput
        label="Requests per hour"
        description="Only for the Global Asset Inventory API: at the limit it pauses for an hour, then goes on. Unlimited, when empty."
        min={1}
        value={draft.requestsPerHour}
        error={wrong.requestsPerHour}
        onChange={(value) => change({ requestsPerHour: typeof value === 'number' ? value : '' })}
      />
    </Stack>
  );
}
