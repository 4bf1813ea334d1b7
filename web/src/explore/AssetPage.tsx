import { Group, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { get } from '../api/client.ts';
import { viewsQuery } from '../api/queries.ts';
import type { Page, Row, View } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { PageHead } from '../parts/Panel.tsx';
import { When } from '../parts/When.tsx';
import { quoted } from './filter.ts';
import { presentationOf } from './presentation.ts';
import { RawRecords } from './RawRecords.tsx';
import { Fields, RowDrawer } from './RowDrawer.tsx';
import { ViewTable } from './ViewTable.tsx';

/** Tabs that show rows of a view about the asset, where the view knows assets. */
const TABS: readonly (readonly [view: string, title: string])[] = [
  ['findings', 'Vulnerabilities'],
  ['installations', 'Software'],
  ['ports', 'Ports and services'],
  ['interfaces', 'Interfaces'],
  ['compliance', 'Compliance'],
  ['fim_events', 'File integrity'],
  ['tickets', 'Tickets'],
  ['finding_history', 'History'],
];

/** All that is known of one machine. */
export function AssetPage() {
  const { id } = useParams({ from: '/shell/assets/$id' });
  const { tab = 'facts', subscription } = useSearch({ from: '/shell/assets/$id' });
  const navigate = useNavigate();
  const filter = `device=${quoted(id)}${subscription === undefined ? '' : ` and subscription=${quoted(subscription)}`}`;
  const views = useQuery(viewsQuery);
  const asset = useQuery({
    queryKey: ['asset', id, subscription],
    queryFn: async () => (await get<Page<Row>>('/inventory/devices', { filter, limit: 1 })).items[0] ?? null,
  });
  return (
    <Loaded query={asset} rows={8}>
      {(row) =>
        row === null ? (
          <Empty title="There is no such asset">
            It may have been removed at Qualys, or be older than what is shown.
          </Empty>
        ) : (
          <>
            <PageHead title={String(row['name'] ?? row['ip'] ?? id)} about={<Summary row={row} />} />
            <Loaded query={views}>
              {(all) => (
                <Tabs
                  value={tab}
                  keepMounted={false}
                  onChange={(next) =>
                    void navigate({
                      to: '/assets/$id',
                      params: { id },
                      search: { tab: next ?? 'facts', ...(subscription === undefined ? {} : { subscription }) },
                    })
                  }
                >
                  <Tabs.List mb="md">
                    <Tabs.Tab value="facts">Facts</Tabs.Tab>
                    {TABS.filter(([name]) => all.some((view) => view.name === name)).map(([name, title]) => (
                      <Tabs.Tab key={name} value={name}>
                        {title}
                      </Tabs.Tab>
                    ))}
                    <Tabs.Tab value="raw">Raw per source</Tabs.Tab>
                  </Tabs.List>
                  <Tabs.Panel value="facts">
                    <div className="panel">
                      {all
                        .filter(({ name }) => name === 'devices')
                        .map((view) => (
                          <Fields key={view.name} view={view} row={row} />
                        ))}
                    </div>
                  </Tabs.Panel>
                  {all
                    .filter(({ name }) => TABS.some(([one]) => one === name))
                    .map((view) => (
                      <Tabs.Panel key={view.name} value={view.name}>
                        <Part view={view} filter={filter} />
                      </Tabs.Panel>
                    ))}
                  <Tabs.Panel value="raw">
                    <RawRecords device={id} subscription={String(row['subscription'])} />
                  </Tabs.Panel>
                </Tabs>
              )}
            </Loaded>
          </>
        )
      }
    </Loaded>
  );
}

function Summary({ row }: { row: Row }) {
  const list = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value ?? ''));
  return (
    <Group gap="lg">
      <Text size="sm">{[row['ip'], row['fqdn'], row['os']].filter((one) => typeof one === 'string').join(' · ')}</Text>
      <Text size="sm">Seen by {list(row['sources'])}</Text>
      <Text size="sm">
        Last seen <When at={row['last_seen'] as string | null} />
      </Text>
      {row['os_lifecycle'] !== null && row['os_lifecycle'] !== undefined && (
        <Text size="sm">OS: {String(row['os_lifecycle'])}</Text>
      )}
    </Group>
  );
}

function Part({ view, filter }: { view: View; filter: string }) {
  const [sort, setSort] = useState(presentationOf(view).sort ?? (view.name === 'finding_history' ? '-at' : ''));
  const [opened, setOpened] = useState<Row>();
  const columns = presentationOf(view).columns.filter((name) => !/^device/.test(name));
  return (
    <>
      <ViewTable
        view={view}
        filter={filter}
        sort={sort}
        columns={columns}
        onSort={setSort}
        onOpen={setOpened}
        details={['results']}
        empty={<Empty title="Nothing of this kind">Qualys says nothing of it for this asset.</Empty>}
      />
      {opened !== undefined && <RowDrawer view={view} row={opened} onClose={() => setOpened(undefined)} />}
    </>
  );
}
