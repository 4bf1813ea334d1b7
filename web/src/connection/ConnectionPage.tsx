import { Button, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { write } from '../api/client.ts';
import { connectionQuery } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import { LinkButton } from '../parts/LinkButton.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { PageHead } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { StatusMark } from '../parts/StatusMark.tsx';
import { useAction } from '../parts/useAction.ts';
import { Logs } from './Logs.tsx';
import { Plan } from './Plan.tsx';
import { Pulls } from './Pulls.tsx';
import { SetAside } from './SetAside.tsx';
import { Streams } from './Streams.tsx';
import { ConnectionSettings } from './settings/ConnectionSettings.tsx';
import { TestDialog } from './TestDialog.tsx';

/** Everything about one connection. */
export function ConnectionPage() {
  const { id } = useParams({ from: '/shell/connections/$id' });
  const { tab = 'streams' } = useSearch({ from: '/shell/connections/$id' });
  const navigate = useNavigate();
  const operator = useMay('operator');
  const [testing, setTesting] = useState(false);
  const action = useAction();
  const query = useQuery(connectionQuery(id));
  return (
    <Loaded query={query} rows={8}>
      {(connection) => (
        <>
          <PageHead
            title={connection.name}
            about={<StatusMark status={connection.status} full />}
            actions={
              <>
                <LinkButton to="/verify" search={{ connection: id }} variant="default">
                  View events
                </LinkButton>
                <Button variant="default" disabled={!operator} onClick={() => setTesting(true)}>
                  Test
                </Button>
                <Button
                  variant="default"
                  disabled={!operator || connection.read_only || action.busy}
                  onClick={() =>
                    void action.run(() => write('POST', `/connections/${id}/${connection.paused ? 'resume' : 'pause'}`))
                  }
                >
                  {connection.paused ? 'Resume' : 'Pause'}
                </Button>
                <Button
                  disabled={!operator || connection.paused}
                  loading={action.busy}
                  onClick={() => void action.run(() => write('POST', `/connections/${id}/run`, {}))}
                >
                  Run now
                </Button>
              </>
            }
          />
          <ProblemAlert error={action.error} />
          <Tabs
            value={tab}
            keepMounted={false}
            onChange={(next) =>
              void navigate({ to: '/connections/$id', params: { id }, search: { tab: next ?? 'streams' } })
            }
          >
            <Tabs.List mb="md">
              <Tabs.Tab value="streams">Streams</Tabs.Tab>
              <Tabs.Tab value="pulls">Pulls</Tabs.Tab>
              <Tabs.Tab value="aside">Set aside</Tabs.Tab>
              <Tabs.Tab value="logs">Logs</Tabs.Tab>
              <Tabs.Tab value="cost">Cost</Tabs.Tab>
              <Tabs.Tab value="settings">Settings</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="streams">
              <Streams connection={id} />
            </Tabs.Panel>
            <Tabs.Panel value="pulls">
              <Pulls connection={id} />
            </Tabs.Panel>
            <Tabs.Panel value="aside">
              <SetAside connection={id} />
            </Tabs.Panel>
            <Tabs.Panel value="logs">
              <Logs connection={id} />
            </Tabs.Panel>
            <Tabs.Panel value="cost">
              <Plan connection={id} />
            </Tabs.Panel>
            <Tabs.Panel value="settings">
              <ConnectionSettings key={connection.version} connection={connection} />
            </Tabs.Panel>
          </Tabs>
          {testing && (
            <TestDialog
              title={`Test of ${connection.name}`}
              path={`/connections/${id}/test`}
              edit={connection}
              onClose={() => setTesting(false)}
            />
          )}
        </>
      )}
    </Loaded>
  );
}
