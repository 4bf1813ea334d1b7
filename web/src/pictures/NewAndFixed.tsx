import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { count } from '../parts/format.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Chart } from './Chart.tsx';
import { rowsWith, useCounted, weeks } from './counted.ts';

const WEEKS = 12;
const SERIES = [
  { name: 'opened', what: 'opened', sign: 1, color: '#d02f2f' },
  { name: 'opened again', what: 'reopened', sign: 1, color: '#e8750a' },
  { name: 'closed', what: 'closed', sign: -1, color: '#2b8a3e' },
] as const;

/** Findings opened and closed week by week: are we keeping up? */
export function NewAndFixed({ now }: { now: number }) {
  const navigate = useNavigate();
  const slices = useMemo(
    () =>
      weeks(WEEKS, now).map(({ from, to }) => ({
        label: from.slice(5),
        filter: `at>=${from}T00:00Z and at<${to}T00:00Z`,
      })),
    [now],
  );
  const counted = useCounted('finding_history', 'what', slices);
  const option = useMemo(
    () => ({
      tooltip: { trigger: 'axis' },
      legend: { type: 'scroll', bottom: 0 },
      grid: { left: 8, right: 8, top: 14, bottom: 30, containLabel: true },
      xAxis: { type: 'category', data: slices.map(({ label }) => label) },
      yAxis: { type: 'value' },
      series: SERIES.map(({ name, what, sign, color }) => ({
        ...{ name, color, type: 'bar', stack: 'all' },
        data: counted.slices?.map(({ facets }) => sign * rowsWith(facets, what)) ?? [],
      })),
    }),
    [counted.slices, slices],
  );
  if (counted.error !== null) return <ProblemAlert error={counted.error} />;
  if (counted.slices === undefined) return <Waiting rows={6} />;
  return (
    <Chart
      label="Findings opened and closed by week"
      option={option}
      note="Week beginning"
      figures={{
        head: ['Week', ...SERIES.map(({ name }) => name)],
        rows: counted.slices.map(({ label, facets }) => [
          label,
          ...SERIES.map(({ what }) => count(rowsWith(facets, what))),
        ]),
      }}
      onMark={({ dataIndex, seriesIndex = 0 }) =>
        void navigate({
          to: '/explore/$view',
          params: { view: 'finding_history' },
          search: { filter: `${slices[dataIndex]?.filter} and what=${SERIES[seriesIndex]?.what}` },
        })
      }
    />
  );
}
