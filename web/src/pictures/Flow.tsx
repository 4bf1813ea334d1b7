import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { get } from '../api/client.ts';
import { sinksQuery } from '../api/queries.ts';
import type { Page, Sink, Stream } from '../api/types.ts';
import { count } from '../parts/format.ts';
import { Loaded } from '../parts/Loaded.tsx';
import { Chart } from './Chart.tsx';

const OUTBOX = 'outbox';

/** From connections through data sets and the outbox to the sinks: does data arrive? */
export function Flow() {
  const streams = useQuery({
    queryKey: ['streams'],
    queryFn: async () => (await get<Page<Stream>>('/streams', { limit: 1000 })).items,
  });
  const sinks = useQuery(sinksQuery);
  return <Loaded query={streams}>{(all) => <Sankey streams={all} sinks={sinks.data ?? []} />}</Loaded>;
}

function Sankey({ streams, sinks }: { streams: readonly Stream[]; sinks: readonly Sink[] }) {
  const navigate = useNavigate();
  const key = JSON.stringify([streams.map(({ rows_total }) => rows_total), sinks.map(({ delivered }) => delivered)]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same figures are the same picture
  const { option, links } = useMemo(() => {
    const links = [
      ...streams
        .filter(({ rows_total }) => rows_total > 0)
        .map(({ connection, dataset, rows_total: value }) => ({ source: connection, target: `${dataset} `, value })),
      ...[...Map.groupBy(streams, ({ dataset }) => dataset)]
        .map(([dataset, of]) => ({
          source: `${dataset} `,
          target: OUTBOX,
          value: of.reduce((sum, one) => sum + one.rows_total, 0),
        }))
        .filter(({ value }) => value > 0),
      ...sinks
        .filter(({ delivered }) => delivered > 0)
        .map(({ name, delivered: value }) => ({ source: OUTBOX, target: `${name}  `, value })),
    ];
    const names = [...new Set(links.flatMap(({ source, target }) => [source, target]))];
    return {
      links,
      option: {
        tooltip: {},
        series: [
          {
            type: 'sankey',
            data: names.map((name) => ({ name })),
            links,
            right: 120,
            emphasis: { focus: 'adjacency' },
          },
        ],
      },
    };
  }, [key]);
  return (
    <Chart
      label="From connections to sinks"
      height={420}
      option={option}
      note="Records received, and events delivered"
      figures={{
        head: ['From', 'To', 'Records'],
        rows: links.map(({ source, target, value }) => [source, target, count(value)]),
      }}
      onMark={({ name }) => {
        if (sinks.some((sink) => sink.name === name.trim())) void navigate({ to: '/sinks' });
        else if (streams.some(({ connection }) => connection === name))
          void navigate({ to: '/connections/$id', params: { id: name }, search: {} });
        else if (name.endsWith(' ')) void navigate({ to: '/verify', search: { dataset: name.trim() } });
      }}
    />
  );
}
