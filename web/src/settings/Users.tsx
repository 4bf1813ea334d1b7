import { Button, Group, Modal, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, write } from '../api/client.ts';
import { itemsOf } from '../api/queries.ts';
import type { Page, User } from '../api/types.ts';
import { Confirm } from '../parts/Confirm.tsx';
import { Empty } from '../parts/Empty.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';

const ROLES = [
  { value: 'viewer', label: 'Viewer: looks' },
  { value: 'operator', label: 'Operator: runs and changes connections' },
  { value: 'admin', label: 'Admin: people and settings too' },
];

export function Users() {
  const query = useQuery({
    queryKey: ['users'],
    queryFn: async () => itemsOf(await get<Page<User>>('/users', { limit: 1000 })),
  });
  const [adding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<User>();
  const action = useAction();
  return (
    <Panel
      title="Users"
      actions={
        <Button size="compact-sm" onClick={() => setAdding(true)}>
          Add a user
        </Button>
      }
    >
      <ProblemAlert error={action.error} />
      <Loaded query={query}>
        {(users) => (
          <ListTable
            label="Users"
            items={users}
            keyOf={({ id }) => id}
            empty={<Empty title="Nobody yet">Add people who should sign in.</Empty>}
            columns={[
              { title: 'Login', cell: ({ login }) => login },
              { title: 'Name', cell: ({ name }) => name },
              {
                title: 'Role',
                cell: ({ id, role, version, login }) => (
                  <Select
                    aria-label={`Role of ${login}`}
                    size="xs"
                    w={130}
                    allowDeselect={false}
                    data={['viewer', 'operator', 'admin']}
                    value={role}
                    onChange={(next) =>
                      void action.run(() => write('PATCH', `/users/${id}`, { role: next }, { ifMatch: version }))
                    }
                  />
                ),
              },
              { title: 'Tenants', cell: ({ tenants }) => (typeof tenants === 'string' ? 'all' : tenants.join(', ')) },
              { title: 'Last sign-in', cell: ({ last_sign_in }) => <When at={last_sign_in} none="never" /> },
              { title: 'State', cell: ({ disabled }) => (disabled ? 'disabled' : 'may sign in') },
              {
                title: 'Actions',
                cell: (user) => (
                  <Group gap={4} wrap="nowrap">
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`${user.disabled ? 'Enable' : 'Disable'} ${user.login}`}
                      onClick={() =>
                        void action.run(() =>
                          write('PATCH', `/users/${user.id}`, { disabled: !user.disabled }, { ifMatch: user.version }),
                        )
                      }
                    >
                      {user.disabled ? 'Enable' : 'Disable'}
                    </Button>
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`Delete ${user.login}`}
                      onClick={() => setRemoved(user)}
                    >
                      Delete
                    </Button>
                  </Group>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {adding && <NewUser onClose={() => setAdding(false)} />}
      {removed !== undefined && (
        <Confirm
          title={`Delete ${removed.login}`}
          action="Delete"
          typed={removed.login}
          onClose={() => setRemoved(undefined)}
          onConfirm={() =>
            action.run(() => write('DELETE', `/users/${removed.id}`, undefined, { ifMatch: removed.version }))
          }
        >
          Sessions and tokens of the user end at once.
        </Confirm>
      )}
    </Panel>
  );
}

function NewUser({ onClose }: { onClose: () => void }) {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<string | null>('viewer');
  const [tenants, setTenants] = useState('');
  const action = useAction();
  const add = (): Promise<void> =>
    action.run(async () => {
      const own = tenants.split(/[\s,]+/).filter((tenant) => tenant !== '');
      await write('POST', '/users', { login, password, role, tenants: own.length === 0 ? '*' : own });
      onClose();
    });
  return (
    <Modal opened onClose={onClose} title="Add a user" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Stack>
          <TextInput
            label="Login"
            required
            data-autofocus
            autoComplete="off"
            value={login}
            onChange={(event) => setLogin(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            description="At least 12 characters"
            required
            autoComplete="new-password"
            value={password}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Select label="Role" allowDeselect={false} data={ROLES} value={role} onChange={setRole} />
          <TextInput
            label="Tenants"
            description="Separated by commas; all, when empty"
            value={tenants}
            onChange={(event) => setTenants(event.currentTarget.value)}
          />
          <ProblemAlert error={action.error} />
          <Button type="submit" loading={action.busy}>
            Add
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
