import { Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMay } from '../api/session.ts';
import { PageHead } from '../parts/Panel.tsx';
import { Audit } from './Audit.tsx';
import { Configuration } from './Configuration.tsx';
import { Tokens } from './Tokens.tsx';
import { Users } from './Users.tsx';

/** People, tokens, what was done, and what is configured. */
export function Settings() {
  const admin = useMay('admin');
  const { tab = admin ? 'users' : 'tokens' } = useSearch({ from: '/shell/settings' });
  const navigate = useNavigate();
  return (
    <>
      <PageHead title="Settings" />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => void navigate({ to: '/settings', search: { tab: next ?? 'tokens' } })}
      >
        <Tabs.List mb="md">
          {admin && <Tabs.Tab value="users">Users</Tabs.Tab>}
          <Tabs.Tab value="tokens">API tokens</Tabs.Tab>
          {admin && <Tabs.Tab value="audit">Audit log</Tabs.Tab>}
          {admin && <Tabs.Tab value="config">Configuration</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <Tokens />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <Audit />
        </Tabs.Panel>
        <Tabs.Panel value="config">
          <Configuration />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
