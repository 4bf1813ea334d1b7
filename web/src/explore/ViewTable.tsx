import { Checkbox, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import {
  columnVisibilityFeature,
  createColumnHelper,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import { rowsQuery } from '../api/queries.ts';
import type { Row, View, ViewColumn } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { words } from '../parts/format.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Cell } from './Cell.tsx';
import { widthOf } from './presentation.ts';

const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature });
const helper = createColumnHelper<typeof features, Row>();
const NO_ROWS: readonly Row[] = [];
const ROW_HEIGHT = 34;
const CHOICE_WIDTH = 40;
/** So near to the end the next page is asked for. */
const AHEAD_ROWS = 40;

export interface ViewTableProps {
  readonly view: View;
  readonly filter: string;
  readonly sort: string;
  readonly columns: readonly string[];
  readonly onSort?: ((sort: string) => void) | undefined;
  readonly onOpen: (row: Row) => void;
  /** Rows that are chosen; without it none can be. */
  readonly selected?: ReadonlyMap<string, Row>;
  readonly onSelect?: (selected: ReadonlyMap<string, Row>) => void;
  readonly height?: number | string;
  readonly empty?: ReactNode;
  /** Long texts to ask for beside what is shown, for the details of a row. */
  readonly details?: readonly string[];
}

/** Rows of any view: as many as there are, drawn only where they are seen, asked for page by page. */
export function ViewTable(props: ViewTableProps) {
  const {
    view,
    filter,
    sort,
    columns: shown,
    onSort,
    onOpen,
    selected,
    onSelect,
    height = 'max(320px, calc(100vh - 260px))',
    empty,
    details = [],
  } = props;
  // Long texts only where they are shown; everything else at once, for the details of a row.
  const fields = view.columns
    .filter(({ name, type, sortable }) => sortable || type === 'list' || shown.includes(name) || details.includes(name))
    .map(({ name }) => name);
  const { data, error, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery(
    rowsQuery(view.name, { filter, sort, fields: fields.join(',') }),
  );
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? NO_ROWS, [data]);
  const columns = useMemo(
    () =>
      helper.columns(
        view.columns.map((column) =>
          helper.display({
            id: column.name,
            header: words(column.name),
            cell: ({ row }) => <Cell column={column} row={row.original} />,
          }),
        ),
      ),
    [view],
  );
  const columnVisibility = useMemo(
    () => Object.fromEntries(view.columns.map(({ name }) => [name, shown.includes(name)])),
    [view, shown],
  );
  const rowSelection = useMemo(
    () => Object.fromEntries([...(selected?.keys() ?? [])].map((id) => [id, true as const])),
    [selected],
  );
  const table = useTable({
    features,
    columns,
    data: rows as Row[],
    state: { columnVisibility, rowSelection },
    onRowSelectionChange: (update) => {
      const next = typeof update === 'function' ? update(rowSelection) : update;
      onSelect?.(
        new Map(
          Object.keys(next).flatMap((id) => (rows[Number(id)] === undefined ? [] : [[id, rows[Number(id)]!] as const])),
        ),
      );
    },
  });
  const model = table.getRowModel().rows;
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: model.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const visible = virtual.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetching && last >= rows.length - AHEAD_ROWS) void fetchNextPage();
  }, [hasNextPage, isFetching, last, rows.length, fetchNextPage]);
  if (error !== null && data === undefined) return <ProblemAlert error={error} />;
  if (data === undefined) return <Waiting rows={10} height={24} />;
  if (rows.length === 0)
    return <>{empty ?? <Empty title="No row fits">{view.empty ?? 'Widen the query, or take a facet away.'}</Empty>}</>;
  const inOrder = shown.flatMap((name) => view.columns.filter((column) => column.name === name));
  const above = visible[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const choice = onSelect === undefined ? 0 : CHOICE_WIDTH;
  const width = inOrder.reduce((sum, { name, type }) => sum + widthOf(name, type), choice);
  return (
    <>
      <section
        ref={box}
        className="grid"
        aria-label={`${view.title}, scrollable`}
        style={{ maxHeight: height }}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        tabIndex={0}
      >
        <table aria-label={view.title} aria-rowcount={hasNextPage ? -1 : rows.length + 1} style={{ minWidth: width }}>
          <colgroup>
            {choice > 0 && <col style={{ width: choice }} />}
            {inOrder.map(({ name, type }) => (
              <col key={name} style={{ width: widthOf(name, type) }} />
            ))}
          </colgroup>
          <thead>
            <tr>
              {choice > 0 && (
                <th scope="col">
                  <Checkbox
                    size="xs"
                    aria-label="Choose all rows loaded"
                    checked={selected?.size === rows.length}
                    indeterminate={(selected?.size ?? 0) > 0 && selected?.size !== rows.length}
                    onChange={(event) => table.toggleAllRowsSelected(event.currentTarget.checked)}
                  />
                </th>
              )}
              {inOrder.map((column) => (
                <HeadCell key={column.name} column={column} sort={sort} onSort={onSort} />
              ))}
            </tr>
          </thead>
          <tbody>
            <Space height={above} />
            {visible.map(({ index }) => {
              const row = model[index]!;
              const cells = new Map(row.getVisibleCells().map((cell) => [cell.column.id, cell]));
              return (
                <tr
                  key={row.id}
                  aria-rowindex={index + 2}
                  className={row.getIsSelected() ? 'chosen' : ''}
                  style={{ height: ROW_HEIGHT }}
                >
                  {choice > 0 && (
                    <td>
                      <Checkbox
                        size="xs"
                        aria-label={`Choose row ${index + 1}`}
                        checked={row.getIsSelected()}
                        onChange={(event) => row.toggleSelected(event.currentTarget.checked)}
                      />
                    </td>
                  )}
                  {inOrder.map(({ name, type }, i) => (
                    <td key={name} className={type === 'number' && name !== 'severity' ? 'number' : ''}>
                      {i === 0 && <OpenButton number={index + 1} onClick={() => onOpen(row.original)} />}
                      {cells.has(name) && <table.FlexRender cell={cells.get(name)!} />}
                    </td>
                  ))}
                </tr>
              );
            })}
            <Space height={below} />
          </tbody>
        </table>
      </section>
      <Text size="xs" c="dimmed" role="status">
        {rows.length.toLocaleString('en')} rows loaded{hasNextPage ? '; more come as you scroll' : ''}
      </Text>
      {error !== null && <ProblemAlert error={error} />}
    </>
  );
}

interface HeadCellProps {
  readonly column: ViewColumn;
  readonly sort: string;
  readonly onSort: ((sort: string) => void) | undefined;
}

function HeadCell({ column: { name, sortable, about }, sort, onSort }: HeadCellProps) {
  const way = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : 'none';
  const next = way === 'descending' ? name : way === 'ascending' ? '' : `-${name}`;
  return (
    <th scope="col" aria-sort={way} title={about}>
      {sortable && onSort !== undefined ? (
        <button type="button" className="grid-sort" onClick={() => onSort(next)}>
          {words(name)}
          <span aria-hidden="true">{way === 'ascending' ? '▲' : way === 'descending' ? '▼' : ''}</span>
        </button>
      ) : (
        words(name)
      )}
    </th>
  );
}

/** What is scrolled past, or not yet there. */
const Space = ({ height }: { height: number }) =>
  height <= 0 ? null : (
    <tr>
      <td style={{ height, padding: 0 }} />
    </tr>
  );

const OpenButton = ({ number, onClick }: { number: number; onClick: () => void }) => (
  <button type="button" className="row-open" aria-label={`Details of row ${number}`} onClick={onClick}>
    ⋯
  </button>
);
