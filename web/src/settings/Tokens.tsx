import { Alert, Button, Checkbox, Group, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, write } from '../api/client.ts';
import { itemsOf } from '../api/queries.ts';
import type { NewToken, Page, Token } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { useAction } from '../parts/useAction.ts';
import { When } from '../parts/When.tsx';

const SCOPES = [
  { value: 'read', label: 'read' },
  { value: 'run', label: 'run pulls and tests' },
  { value: 'write', label: 'change connections' },
  { value: 'admin', label: 'administer' },
];

/** Tokens with which scripts use the API in one's own name. */
export function Tokens() {
  const query = useQuery({
    queryKey: ['tokens'],
    queryFn: async () => itemsOf(await get<Page<Token>>('/tokens', { limit: 1000 })),
  });
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['read']);
  const [made, setMade] = useState<NewToken>();
  const action = useAction();
  const add = (): Promise<void> =>
    action.run(async () => {
      setMade(await write<NewToken>('POST', '/tokens', { name, scopes }));
      setName('');
    });
  return (
    <Stack>
      <Panel title="Make a token">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void add();
          }}
        >
          <Stack maw={560}>
            <TextInput
              label="What it is for"
              required
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Checkbox.Group label="It may" value={scopes} onChange={setScopes}>
              <Group mt={4}>
                {SCOPES.map(({ value, label }) => (
                  <Checkbox key={value} value={value} label={label} />
                ))}
              </Group>
            </Checkbox.Group>
            <ProblemAlert error={action.error} />
            <Group>
              <Button type="submit" disabled={scopes.length === 0} loading={action.busy}>
                Make it
              </Button>
            </Group>
          </Stack>
        </form>
        {made !== undefined && (
          <Alert color="cyan" variant="outline" title="Copy it now: it is shown only once" role="status">
            <span className="mono">{made.secret}</span>
          </Alert>
        )}
      </Panel>
      <Panel title="Tokens">
        <Loaded query={query}>
          {(tokens) => (
            <ListTable
              label="Tokens"
              items={tokens}
              keyOf={({ id }) => id}
              empty={<Empty title="No token yet">Make one for each script, so that each can be ended alone.</Empty>}
              columns={[
                { title: 'For', cell: ({ name: what }) => what },
                { title: 'Begins with', cell: ({ prefix }) => <span className="mono">{prefix}…</span> },
                { title: 'May', cell: (token) => token.scopes.join(', ') },
                { title: 'Made', cell: ({ created }) => <When at={created} /> },
                { title: 'Ends', cell: ({ expires }) => <When at={expires} none="never" /> },
                { title: 'Last used', cell: ({ last_used }) => <When at={last_used} none="never" /> },
                {
                  title: 'Actions',
                  cell: ({ id, name: what }) => (
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`End it: ${what}`}
                      onClick={() => void action.run(() => write('DELETE', `/tokens/${id}`))}
                    >
                      End it
                    </Button>
                  ),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
    </Stack>
  );
}
