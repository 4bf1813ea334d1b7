import { ActionIcon, Button, Group, Menu, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { write } from '../api/client.ts';
import { connectionsQuery } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import type { Connection } from '../api/types.ts';
import { TestDialog } from '../connection/TestDialog.tsx';
import { Confirm } from '../parts/Confirm.tsx';
import { Empty } from '../parts/Empty.tsx';
import { count } from '../parts/format.ts';
import { LinkButton } from '../parts/LinkButton.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { PageHead } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { StatusMark } from '../parts/StatusMark.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';

/** Every way into Qualys, what it is at, and what can be done with it. */
export function Connections() {
  const query = useQuery(connectionsQuery);
  const operator = useMay('operator');
  const [tested, setTested] = useState<Connection>();
  const [deleted, setDeleted] = useState<Connection>();
  const action = useAction();
  const add = operator && <LinkButton to="/connections/new">Add a connection</LinkButton>;
  return (
    <>
      <PageHead title="Connections" actions={add} />
      <ProblemAlert error={action.error} />
      <div className="panel">
        <Loaded query={query}>
          {(connections) => (
            <ListTable
              label="Connections"
              items={connections}
              keyOf={({ id }) => id}
              empty={
                <Empty title="No connection yet">
                  A connection is one way into Qualys: an address and a user. Add one here, or write it into
                  quarry.yaml.
                </Empty>
              }
              columns={[
                {
                  title: 'Name',
                  cell: ({ id, name, notes }) => (
                    <>
                      <Link to="/connections/$id" params={{ id }}>
                        {name}
                      </Link>
                      {notes !== '' && (
                        <Text size="xs" c="dimmed">
                          {notes}
                        </Text>
                      )}
                    </>
                  ),
                },
                { title: 'Tenant', cell: ({ tenant }) => tenant },
                {
                  title: 'Platform',
                  cell: ({ platform, api_url }) => platform ?? <span className="mono">{api_url}</span>,
                },
                {
                  title: 'Status',
                  cell: ({ status }) => <StatusMark status={status} full={status.word !== 'running'} />,
                },
                { title: 'Data sets', cell: ({ datasets_enabled: on }) => count(on), number: true },
                { title: 'Records', cell: ({ rows }) => count(rows), number: true },
                { title: 'Last activity', cell: ({ last_success }) => <When at={last_success} none="never" /> },
                { title: 'Kept in', cell: ({ source }) => (source === 'file' ? 'quarry.yaml' : 'here') },
                {
                  title: 'Actions',
                  cell: (one) => (
                    <Group gap={4} wrap="nowrap">
                      <Button
                        size="compact-xs"
                        variant="default"
                        disabled={!operator}
                        onClick={() => setTested(one)}
                        aria-label={`Test ${one.name}`}
                      >
                        Test
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="default"
                        disabled={!operator || one.paused || action.busy}
                        onClick={() => void action.run(() => write('POST', `/connections/${one.id}/run`, {}))}
                        aria-label={`Run now ${one.name}`}
                      >
                        Run now
                      </Button>
                      <MoreMenu
                        connection={one}
                        disabled={!operator}
                        run={action.run}
                        onDelete={() => setDeleted(one)}
                      />
                    </Group>
                  ),
                },
              ]}
            />
          )}
        </Loaded>
      </div>
      {tested !== undefined && (
        <TestDialog
          title={`Test of ${tested.name}`}
          path={`/connections/${tested.id}/test`}
          onClose={() => setTested(undefined)}
          edit={tested}
        />
      )}
      {deleted !== undefined && (
        <Confirm
          title={`Delete ${deleted.name}`}
          action="Delete"
          typed={deleted.id}
          onClose={() => setDeleted(undefined)}
          onConfirm={() =>
            action.run(() => write('DELETE', `/connections/${deleted.id}`, undefined, { ifMatch: deleted.version }))
          }
        >
          Nothing more is collected through it, and its stored secrets are gone. What it has collected stays.
        </Confirm>
      )}
    </>
  );
}

interface MoreMenuProps {
  readonly connection: Connection;
  readonly disabled: boolean;
  readonly run: (work: () => Promise<unknown>) => Promise<void>;
  readonly onDelete: () => void;
}

function MoreMenu({ connection: { id, name, paused, read_only }, disabled, run, onDelete }: MoreMenuProps) {
  const post = (verb: string, body?: unknown) => () =>
    void run(() => write('POST', `/connections/${id}/${verb}`, body));
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size="sm" aria-label={`More for ${name}`} disabled={disabled}>
          ⋯
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={post('run', { sweep: true })} disabled={paused}>
          Read everything again
        </Menu.Item>
        <Menu.Item onClick={post('terminate')}>End pulls under way</Menu.Item>
        {paused ? (
          <Menu.Item onClick={post('resume')} disabled={read_only}>
            Resume
          </Menu.Item>
        ) : (
          <Menu.Item onClick={post('pause')} disabled={read_only}>
            Pause
          </Menu.Item>
        )}
        <Menu.Item
          onClick={post('duplicate', { id: `${id}-copy`.slice(0, 64), name: `${name} (copy)` })}
          disabled={read_only}
        >
          Duplicate
        </Menu.Item>
        <Menu.Item onClick={onDelete} disabled={read_only} color="red">
          Delete
        </Menu.Item>
        {read_only && <Menu.Label>Kept in quarry.yaml: change it there</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}
