import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { count } from '../parts/format.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Chart } from './Chart.tsx';
import { months, useCounted } from './counted.ts';

const MONTHS = 12;

/** Certificates by the month they end in. */
export function CertificateExpiry({ now }: { now: number }) {
  const navigate = useNavigate();
  const slices = useMemo(
    () => [
      { label: 'expired', filter: 'is_expired=true' },
      ...months(MONTHS, now).map(({ from, to }) => ({
        label: from.slice(0, 7),
        filter: `is_expired=false and valid_to>=${from}T00:00Z and valid_to<${to}T00:00Z`,
      })),
    ],
    [now],
  );
  const counted = useCounted('certificates', 'is_expired', slices);
  const figures = counted.slices?.map(({ label, facets }) => ({
    label,
    size: facets.reduce((sum, facet) => sum + facet.count, 0),
  }));
  const key = JSON.stringify(figures);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same figures are the same picture
  const option = useMemo(
    () => ({
      tooltip: {},
      grid: { left: 8, right: 8, top: 14, bottom: 8, containLabel: true },
      xAxis: { type: 'category', data: slices.map(({ label }) => label) },
      yAxis: { type: 'value', minInterval: 1 },
      series: [
        {
          type: 'bar',
          label: { show: true, position: 'top' },
          data:
            figures?.map(({ size }, i) => ({
              value: size,
              itemStyle: { color: i === 0 ? '#d02f2f' : i < 3 ? '#e8750a' : '#0b7285' },
            })) ?? [],
        },
      ],
    }),
    [key],
  );
  if (counted.error !== null) return <ProblemAlert error={counted.error} />;
  if (figures === undefined) return <Waiting rows={6} />;
  return (
    <Chart
      label="Certificates by month of expiry"
      option={option}
      figures={{ head: ['Ends in', 'Certificates'], rows: figures.map(({ label, size }) => [label, count(size)]) }}
      onMark={({ dataIndex }) =>
        void navigate({
          to: '/explore/$view',
          params: { view: 'certificates' },
          search: { filter: slices[dataIndex]?.filter ?? '' },
        })
      }
    />
  );
}
