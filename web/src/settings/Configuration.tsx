import { Group, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { get } from '../api/client.ts';
import type { Setting } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { Panel } from '../parts/Panel.tsx';

/** What is in force, by what it is about, and where each value comes from. */
export function Configuration() {
  const query = useQuery({
    queryKey: ['config'],
    queryFn: () => get<{ file: string | null; settings: readonly Setting[] }>('/config'),
  });
  const [all, setAll] = useState(false);
  const [word, setWord] = useState('');
  return (
    <Stack>
      <Group align="flex-end" gap="lg">
        <TextInput
          label="Find a setting"
          placeholder="host_list, every, proxy …"
          w={320}
          value={word}
          onChange={(event) => setWord(event.currentTarget.value)}
        />
        <Switch label="Defaults too" mb={8} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />
      </Group>
      <Loaded query={query}>
        {({ file, settings }) => {
          const shown = settings.filter(
            ({ path, origin }) =>
              // What decides what people see is said though nobody set it.
              (all || origin !== 'default' || path.startsWith('inventory.')) &&
              path.toLowerCase().includes(word.trim().toLowerCase()),
          );
          const groups = Map.groupBy(shown, ({ path }) => groupOf(path));
          return (
            <Stack className="settings">
              <Text size="sm">
                {file === null
                  ? 'It comes from no file.'
                  : `Read from ${file}: what stands there is changed there, and taken over when the process gets SIGHUP.`}{' '}
                Connections that were made here are changed on their own page. Secrets are not shown.
              </Text>
              {shown.length === 0 && (
                <Empty title="No such setting">
                  {word === '' ? 'No value differs from its default.' : 'Try another word, or look at defaults too.'}
                </Empty>
              )}
              {[...groups].map(([group, own]) => (
                <Panel key={group} title={titleOf(group)} actions={<Edit group={group} settings={own} />}>
                  <ListTable
                    label={titleOf(group)}
                    items={own}
                    keyOf={({ path }) => path}
                    empty={null}
                    columns={[
                      {
                        title: 'Setting',
                        cell: ({ path }) => (
                          <span className="mono">
                            {group === '' ? path : path.slice(group.length).replace(/^\./, '')}
                          </span>
                        ),
                      },
                      { title: 'Value', cell: ({ value }) => <span className="mono">{textOf(value)}</span> },
                      { title: 'From', cell: ({ origin }) => <span className="nowrap">{origin}</span> },
                    ]}
                  />
                </Panel>
              ))}
            </Stack>
          );
        }}
      </Loaded>
    </Stack>
  );
}

/** `connections.acme`, `sinks.out`, `routes`, `inventory`, `server`; the rest stands alone. */
function groupOf(path: string): string {
  const [first = '', second = ''] = path.split('.');
  if (first === 'connections' || first === 'sinks') return `${first}.${second}`;
  return path.includes('.') || path.includes('[') ? first.replace(/\[.*/, '') : '';
}

function titleOf(group: string): string {
  const [first = '', second = ''] = group.split('.');
  const names: Readonly<Record<string, string>> = {
    '': 'This installation',
    server: 'Server',
    inventory: 'What the inventory shows',
    connections: `Connection ${second}`,
    sinks: `Sink ${second}`,
  };
  return names[first] ?? first.charAt(0).toUpperCase() + first.slice(1);
}

const textOf = (value: unknown): string =>
  value === null ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value);

/** The way to where it is changed, where that is this page. */
function Edit({ group, settings }: { group: string; settings: readonly Setting[] }): ReactNode {
  const [first, id = ''] = group.split('.');
  if (first !== 'connections' || !settings.some(({ origin }) => origin === 'made here')) return null;
  return (
    <Link to="/connections/$id" params={{ id }} search={{ tab: 'settings' }}>
      Change
    </Link>
  );
}
