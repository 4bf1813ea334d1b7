import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

export interface ListColumn<Item> {
  readonly title: string;
  readonly cell: (item: Item) => ReactNode;
  readonly number?: boolean;
}

interface ListTableProps<Item> {
  /** What the table lists, for those who hear it. */
  readonly label: string;
  readonly columns: readonly ListColumn<Item>[];
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly empty: ReactNode;
}

/** A short list; long ones are the explorer's. */
export function ListTable<Item>({ label, columns, items, keyOf, empty }: ListTableProps<Item>) {
  if (items.length === 0) return empty;
  return (
    <Table.ScrollContainer minWidth={480} type="native" role="region" aria-label={label} tabIndex={0}>
      <Table verticalSpacing="xs" highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title, number }) => (
              <Table.Th key={title} className={number === true ? 'number' : 'nowrap'} scope="col">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={keyOf(item)}>
              {columns.map(({ title, cell, number }) => (
                <Table.Td key={title} className={number === true ? 'number' : ''}>
                  {cell(item)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
