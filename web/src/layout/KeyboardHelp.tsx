import { Kbd, Modal, Table } from '@mantine/core';
import type { Place } from './places.ts';

interface KeyboardHelpProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly places: readonly Place[];
}

/** Every key there is. */
export function KeyboardHelp({ opened, onClose, places }: KeyboardHelpProps) {
  const keys = [
    { keys: ['/'], does: 'To the query or search of the page' },
    { keys: ['?'], does: 'This list' },
    { keys: ['Esc'], does: 'Close a dialog' },
    ...places.flatMap(({ key, title }) => (key === undefined ? [] : [{ keys: ['g', key], does: title }])),
  ];
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Table>
        <Table.Tbody>
          {keys.map(({ keys, does }) => (
            <Table.Tr key={does}>
              <Table.Td className="nowrap">
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
