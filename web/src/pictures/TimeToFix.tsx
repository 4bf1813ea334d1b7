import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { get } from '../api/client.ts';
import type { ServerChart } from '../api/types.ts';
import { Loaded } from '../parts/Loaded.tsx';
import { SEVERITIES, SEVERITY_COLORS } from '../parts/Severity.tsx';
import { Chart } from './Chart.tsx';

/** The mean time to fix by severity (MTTR), in days: no count of rows, but a mark leads to those it was made of. */
export function TimeToFix() {
  const query = useQuery({ queryKey: ['chart', 'mttr'], queryFn: () => get<ServerChart>('/charts/mttr') });
  return <Loaded query={query}>{(chart) => <Bars chart={chart} />}</Loaded>;
}

function Bars({ chart: { view, series, note } }: { chart: ServerChart }) {
  const navigate = useNavigate();
  const points = series[0]?.points ?? [];
  const key = JSON.stringify(points);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same figures are the same picture
  const option = useMemo(
    () => ({
      tooltip: {},
      grid: { left: 8, right: 40, top: 10, bottom: 8, containLabel: true },
      xAxis: { type: 'value', name: 'days' },
      yAxis: { type: 'category', data: points.map(({ label }) => `${label} ${SEVERITIES[Number(label)] ?? ''}`) },
      series: [
        {
          type: 'bar',
          label: { show: true, position: 'right' },
          data: points.map(({ label, value }) => ({
            value: Math.round(value * 10) / 10,
            itemStyle: { color: SEVERITY_COLORS[Number(label)] ?? '#0b7285' },
          })),
        },
      ],
    }),
    [key],
  );
  return (
    <Chart
      label="Mean days to fix by severity"
      option={option}
      {...(note === undefined ? {} : { note })}
      figures={{
        head: ['Severity', 'Days'],
        rows: points.map(({ label, value }) => [`${label} ${SEVERITIES[Number(label)] ?? ''}`, value.toFixed(1)]),
      }}
      onMark={({ dataIndex }) => {
        const filter = points[dataIndex]?.filter;
        if (filter !== undefined) void navigate({ to: '/explore/$view', params: { view }, search: { filter } });
      }}
    />
  );
}
