import { Button, Checkbox, Menu, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { countQuery, overviewQuery, viewsQuery } from '../api/queries.ts';
import type { Row, View } from '../api/types.ts';
import { explorePlaces } from '../layout/places.ts';
import { Empty } from '../parts/Empty.tsx';
import { Filling, inventoryWaiting } from '../parts/Filling.tsx';
import { count, words } from '../parts/format.ts';
import { Loaded } from '../parts/Loaded.tsx';
import { PageHead } from '../parts/Panel.tsx';
import { ExportMenu } from './ExportMenu.tsx';
import { Facets } from './Facets.tsx';
import { presentationOf } from './presentation.ts';
import { QueryBox } from './QueryBox.tsx';
import { RowDrawer } from './RowDrawer.tsx';
import { SavedMenu } from './SavedMenu.tsx';
import { ViewTable } from './ViewTable.tsx';

/** Any view of the inventory: made from the catalogue alone, its whole state in the address. */
export function ExplorePage() {
  const { view: name } = useParams({ from: '/shell/explore/$view' });
  return (
    <Loaded query={useQuery(viewsQuery)} rows={10}>
      {(views) => {
        const view = views.find((one) => one.name === name);
        if (view === undefined) return <Empty title="There is no such view">Choose one on the left.</Empty>;
        const title = explorePlaces(views).find(({ to }) => to === `/explore/${name}`)?.title ?? view.title;
        return <Explorer key={name} view={view} title={title} />;
      }}
    </Loaded>
  );
}

export interface ExplorerState {
  readonly filter?: string;
  readonly sort?: string;
  readonly columns?: string;
  readonly facets?: string;
}

const listed = (text: string | undefined, usual: readonly string[]): readonly string[] =>
  text === undefined ? usual : text.split(',').filter((name) => name !== '' && name !== 'none');

function Explorer({ view, title }: { view: View; title: string }) {
  const search = useSearch({ from: '/shell/explore/$view' });
  const navigate = useNavigate();
  const usual = presentationOf(view);
  const { filter = '', sort = usual.sort ?? '' } = search;
  const columns = useMemo(() => listed(search.columns, presentationOf(view).columns), [search.columns, view]);
  const facets = listed(search.facets, usual.facets);
  const [selected, setSelected] = useState<ReadonlyMap<string, Row>>(new Map());
  const [opened, setOpened] = useState<Row>();
  const total = useQuery(countQuery(view.name, filter));
  const change = (part: ExplorerState): void => {
    setSelected(new Map());
    const next = Object.fromEntries(
      Object.entries({ ...search, ...part }).filter(([, value]) => value !== undefined && value !== ''),
    );
    void navigate({ to: '/explore/$view', params: { view: view.name }, search: next });
  };
  return (
    <>
      <PageHead
        title={title}
        about={
          <Text size="sm" c="dimmed">
            {view.about} <span role="status">{total.data === undefined ? '' : `${count(total.data)} in all.`}</span>
          </Text>
        }
        actions={
          <>
            <ColumnMenu
              view={view}
              columns={columns}
              onColumns={(next) => change({ columns: next.length === 0 ? 'none' : next.join(',') })}
            />
            <SavedMenu
              view={view}
              state={search}
              onOpen={(state) => change({ filter: '', sort: '', columns: '', facets: '', ...state })}
            />
            <ExportMenu view={view} filter={filter} sort={sort} columns={columns} selected={[...selected.values()]} />
          </>
        }
      />
      <QueryBox view={view} filter={filter} onFilter={(next) => change({ filter: next })} />
      <div className="explorer">
        <Narrow>
          <Facets
            view={view}
            filter={filter}
            facets={facets}
            onFacets={(next) => change({ facets: next.length === 0 ? 'none' : next.join(',') })}
            onFilter={(next) => change({ filter: next })}
          />
        </Narrow>
        <div className="explorer-rows">
          <ViewTable
            view={view}
            filter={filter}
            sort={sort}
            columns={columns}
            onSort={(next) => change({ sort: next })}
            onOpen={setOpened}
            selected={selected}
            onSelect={setSelected}
            empty={filter === '' ? <Nothing view={view} /> : undefined}
          />
        </div>
      </div>
      {opened !== undefined && <RowDrawer view={view} row={opened} onClose={() => setOpened(undefined)} />}
    </>
  );
}

/** Beside the rows where there is room; else above them, and folded. */
function Narrow({ children }: { children: ReactNode }) {
  const isWide = useMediaQuery('(min-width: 48em)', true, { getInitialValueInEffect: false });
  const [open, setOpen] = useState(false);
  if (isWide) return <div className="explorer-facets">{children}</div>;
  return (
    <div>
      <Button variant="default" size="compact-sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'Hide facets' : 'Narrow down by facets'}
      </Button>
      {open && <div className="panel explorer-folded">{children}</div>}
    </div>
  );
}

/** Why a view without a filter is empty, and what to do. */
export function Nothing({ view }: { view: View }) {
  const waiting = inventoryWaiting(useQuery(overviewQuery).data?.sinks ?? []);
  return (
    <Empty title="Nothing is here yet">
      {waiting > 0 && <Filling waiting={waiting} />}
      {view.empty ??
        `It comes from ${view.sources.join(', ')}: enable these data sets on a connection, and rows appear with the first pull.`}
    </Empty>
  );
}

interface ColumnMenuProps {
  readonly view: View;
  readonly columns: readonly string[];
  readonly onColumns: (columns: readonly string[]) => void;
}

function ColumnMenu({ view, columns, onColumns }: ColumnMenuProps) {
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target>
        <Button variant="default">Columns</Button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflow: 'auto' }}>
        {view.columns.map(({ name, about }) => (
          <Menu.Item
            key={name}
            role="menuitemcheckbox"
            aria-checked={columns.includes(name)}
            title={about}
            leftSection={
              <Checkbox size="xs" checked={columns.includes(name)} readOnly tabIndex={-1} aria-hidden="true" />
            }
            onClick={() =>
              onColumns(columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name])
            }
          >
            {words(name)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
