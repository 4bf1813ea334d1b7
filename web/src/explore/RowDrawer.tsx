import { Drawer, Table } from '@mantine/core';
import type { Row, View } from '../api/types.ts';
import { words } from '../parts/format.ts';
import { Cell } from './Cell.tsx';

/** Everything a row holds. */
export function RowDrawer({ view, row, onClose }: { view: View; row: Row; onClose: () => void }) {
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={view.title}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Fields view={view} row={row} />
    </Drawer>
  );
}

/** The columns of a row that hold something, by name. */
export function Fields({ view, row, without = [] }: { view: View; row: Row; without?: readonly string[] }) {
  const shown = view.columns.filter(
    ({ name }) => !without.includes(name) && row[name] !== null && row[name] !== undefined && row[name] !== '',
  );
  return (
    <Table verticalSpacing={4} layout="fixed">
      <Table.Tbody>
        {shown.map((column) => (
          <Table.Tr key={column.name}>
            <Table.Th scope="row" w={190} title={column.about}>
              {words(column.name)}
            </Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              <Cell column={column} row={row} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
