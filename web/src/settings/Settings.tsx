import { Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { get } from '../api/client.ts';
import { itemsOf } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import type { AuditEntry, Page, Setting } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { PageHead, Panel } from '../parts/Panel.tsx';
import { When } from '../parts/When.tsx';
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

function Audit() {
  const query = useQuery({
    queryKey: ['audit'],
    queryFn: async () => itemsOf(await get<Page<AuditEntry>>('/audit', { limit: 200 })),
  });
  return (
    <Panel title="Audit log">
      <Loaded query={query}>
        {(entries) => (
          <ListTable
            label="Audit log"
            items={entries}
            keyOf={({ id }) => id}
            empty={
              <Empty title="Nothing was changed yet">
                Every change made here or through the API is noted: who, what and when.
              </Empty>
            }
            columns={[
              { title: 'When', cell: ({ at }) => <When at={at} /> },
              { title: 'Who', cell: ({ actor }) => actor },
              { title: 'From', cell: ({ address }) => <span className="mono">{address}</span> },
              { title: 'Did', cell: ({ action }) => action },
              { title: 'To', cell: ({ target }) => target },
              { title: 'Tenant', cell: ({ tenant }) => tenant },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function Configuration() {
  const query = useQuery({
    queryKey: ['config'],
    queryFn: () => get<{ file: string | null; settings: readonly Setting[] }>('/config'),
  });
  const [all, setAll] = useState(false);
  return (
    <Panel
      title="Configuration in force"
      actions={
        <button type="button" className="row-open" onClick={() => setAll(!all)}>
          {all ? 'Without defaults' : 'Defaults too'}
        </button>
      }
    >
      <Loaded query={query}>
        {({ file, settings }) => (
          <>
            <Text size="sm">
              {file === null ? 'It comes from no file.' : `Read from ${file}.`} Secrets are not shown.
            </Text>
            <ListTable
              label="Configuration"
              items={settings.filter(({ origin }) => all || origin !== 'default')}
              keyOf={({ path }) => path}
              empty={<Empty title="Everything is as Quarry comes">No value differs from its default.</Empty>}
              columns={[
                { title: 'Setting', cell: ({ path }) => <span className="mono">{path}</span> },
                {
                  title: 'Value',
                  cell: ({ value }) => (
                    <span className="mono">{typeof value === 'string' ? value : JSON.stringify(value)}</span>
                  ),
                },
                { title: 'From', cell: ({ origin }) => origin },
              ]}
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
