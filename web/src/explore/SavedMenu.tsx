import { Button, Group, Menu, Modal, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { write } from '../api/client.ts';
import { savedQueriesQuery } from '../api/queries.ts';
import type { SavedQuery, View } from '../api/types.ts';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { useAction } from '../parts/useAction.ts';
import type { ExplorerState } from './ExplorePage.tsx';

interface SavedMenuProps {
  readonly view: View;
  readonly state: ExplorerState;
  readonly onOpen: (state: ExplorerState) => void;
}

/** Queries of this view that were kept, with their columns, order and facets. */
export function SavedMenu({ view, state, onOpen }: SavedMenuProps) {
  const saved = (useQuery(savedQueriesQuery).data ?? []).filter((one) => one.view === view.name);
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const action = useAction();
  const keep = (): Promise<void> =>
    action.run(async () => {
      const { filter = '', ...presentation } = state;
      await write<SavedQuery>('POST', '/saved-queries', { name, view: view.name, expression: filter, presentation });
      setNaming(false);
      setName('');
    });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default">Saved</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {saved.length === 0 && <Menu.Label>No query of this view is saved yet</Menu.Label>}
          {saved.map((one) => (
            <Group key={one.id} wrap="nowrap" gap={4}>
              <Menu.Item
                onClick={() => onOpen({ ...(one.presentation as ExplorerState | null), filter: one.expression ?? '' })}
              >
                {one.name}
              </Menu.Item>
              <Menu.Item
                w="auto"
                aria-label={`Remove ${one.name}`}
                onClick={() =>
                  void action.run(() =>
                    write('DELETE', `/saved-queries/${one.id}`, undefined, { ifMatch: one.version }),
                  )
                }
              >
                ×
              </Menu.Item>
            </Group>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => setNaming(true)}>Save this query…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {!naming && <ProblemAlert error={action.error} />}
      {naming && (
        <Modal
          opened
          onClose={() => setNaming(false)}
          title="Save this query"
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void keep();
            }}
          >
            <Stack>
              <TextInput
                label="Name"
                required
                data-autofocus
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <ProblemAlert error={action.error} />
              <Button type="submit" loading={action.busy}>
                Save
              </Button>
            </Stack>
          </form>
        </Modal>
      )}
    </>
  );
}
