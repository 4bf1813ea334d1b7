import { Button, Group, Modal, Select, Switch, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { get } from '../api/client.ts';
import { useEventStream } from '../api/event-stream.ts';
import { connectionsQuery, datasetsQuery } from '../api/queries.ts';
import type { Event, Page } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { Waiting } from '../parts/Loaded.tsx';
import { PageHead } from '../parts/Panel.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { TextBlock } from '../parts/TextBlock.tsx';
import { When } from '../parts/When.tsx';

const CONTENT = [
  { value: 'hosts', label: 'Hosts' },
  { value: 'vulnerabilities', label: 'Vulnerabilities' },
];
const INDEX = [
  { value: 'syslog', label: 'Syslog (both)' },
  { value: 'scans', label: 'Scans (vulnerabilities)' },
  { value: 'assets', label: 'Assets (hosts)' },
];
const SHOWN = 500;

/** Ingested events as sinks were given them, the newest first, and new ones as they arrive. */
export function Verify() {
  const search = useSearch({ from: '/shell/verify' });
  const navigate = useNavigate();
  const [live, setLive] = useState(true);
  const [arrived, setArrived] = useState<{ readonly of: string; readonly events: readonly Event[] }>({
    of: '',
    events: [],
  });
  const [opened, setOpened] = useState<Event>();
  const key = JSON.stringify(search);
  const query = useInfiniteQuery({
    queryKey: ['events', search],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      get<Page<Event>>('/events', { ...search, limit: 100, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.next_cursor,
    gcTime: 0,
  });
  useEventStream(live ? '/events/stream' : undefined, search, ({ data }) => {
    const event = data as Event;
    setArrived((before) => ({ of: key, events: [event, ...(before.of === key ? before.events : [])].slice(0, SHOWN) }));
  });
  const fresh = arrived.of === key ? arrived.events : [];
  const known = new Set(fresh.map(({ place }) => place));
  const events = [
    ...fresh,
    ...(query.data?.pages.flatMap(({ items }) => items) ?? []).filter(({ place }) => !known.has(place)),
  ];
  const change = (part: Partial<typeof search>): void => {
    const next = Object.fromEntries(
      Object.entries({ ...search, ...part }).filter(([, value]) => value !== undefined && value !== ''),
    );
    void navigate({ to: '/verify', search: next, replace: true });
  };
  return (
    <>
      <PageHead title={search.dataset === 'user_activity' ? 'Activity' : 'Verify ingestion'} />
      <div className="panel">
        <Filters search={search} change={change} />
        <Switch
          label="Show new events as they arrive"
          checked={live}
          my="sm"
          onChange={(event) => setLive(event.currentTarget.checked)}
        />
        <ProblemAlert error={query.error} />
        {query.data === undefined && query.error === null ? (
          <Waiting rows={8} />
        ) : (
          <ListTable
            label="Ingested events"
            items={events}
            keyOf={({ place }) => place}
            empty={
              <Empty title="No event fits">
                Events are shown as far as they are kept. Widen the filters, or run a connection: what it ingests
                appears here at once.
              </Empty>
            }
            columns={[
              { title: 'Pulled', cell: ({ pulled_at }) => <When at={pulled_at} /> },
              { title: 'Data set', cell: ({ dataset }) => dataset },
              { title: 'Connection', cell: ({ connection }) => connection },
              { title: 'Change', cell: ({ change: what }) => what },
              { title: 'Qualys’s time', cell: ({ time }) => <When at={time} /> },
              {
                title: 'Key',
                cell: ({ key: parts }) => (
                  <span className="mono">{parts.filter((part) => part !== '').join(' / ')}</span>
                ),
              },
              {
                title: 'Event',
                cell: (event) => (
                  <button
                    type="button"
                    className="row-open"
                    onClick={() => setOpened(event)}
                    aria-label={`Show ${event.dataset} ${event.key.join('/')}`}
                  >
                    Show
                  </button>
                ),
              },
            ]}
          />
        )}
        {query.hasNextPage && (
          <Group justify="center" mt="sm">
            <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Older events
            </Button>
          </Group>
        )}
      </div>
      {opened !== undefined && (
        <Modal
          opened
          onClose={() => setOpened(undefined)}
          title={opened.dataset}
          size="xl"
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <Text size="sm" mb="xs">
            Id <span className="mono">{opened.id}</span>
          </Text>
          <TextBlock label="Event as JSON" value={opened} />
        </Modal>
      )}
    </>
  );
}

interface FiltersProps {
  readonly search: { [Name in 'dataset' | 'connection' | 'content_type' | 'index' | 'text' | 'from' | 'to']?: string };
  readonly change: (part: FiltersProps['search']) => void;
}

function Filters({ search, change }: FiltersProps) {
  const datasets = useQuery(datasetsQuery).data ?? [];
  const connections = useQuery(connectionsQuery).data ?? [];
  const [text, setText] = useState(search.text ?? '');
  const look = useDebouncedCallback((next: string) => change({ text: next }), 400);
  return (
    <Group align="flex-end" gap="xs">
      <Select
        label="Content type"
        placeholder="Any"
        clearable
        w={150}
        data={CONTENT}
        value={search.content_type ?? null}
        onChange={(value) => change({ content_type: value ?? '' })}
      />
      <Select
        label="Index"
        placeholder="Any"
        clearable
        w={190}
        data={INDEX}
        value={search.index ?? null}
        onChange={(value) => change({ index: value ?? '' })}
      />
      <Select
        label="Data set"
        placeholder="Any"
        clearable
        searchable
        w={220}
        data={datasets.map(({ name, title }) => ({ value: name, label: title }))}
        value={search.dataset ?? null}
        onChange={(value) => change({ dataset: value ?? '' })}
      />
      <Select
        label="Connection"
        placeholder="Any"
        clearable
        w={160}
        data={connections.map(({ id, name }) => ({ value: id, label: name }))}
        value={search.connection ?? null}
        onChange={(value) => change({ connection: value ?? '' })}
      />
      <TextInput
        label="Containing"
        data-search
        value={text}
        onChange={({ currentTarget: { value } }) => {
          setText(value);
          look(value);
        }}
      />
    </Group>
  );
}
