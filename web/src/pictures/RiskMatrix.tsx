import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { count } from '../parts/format.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { SEVERITIES } from '../parts/Severity.tsx';
import { Chart } from './Chart.tsx';
import { rowsWith, useCounted } from './counted.ts';

const LEVELS = [1, 2, 3, 4, 5];
/** Qualys's own bands of its detection score. */
const BANDS = [
  { label: '90–100', filter: 'type!=Info and is_open=true and qds>=90' },
  { label: '70–89', filter: 'type!=Info and is_open=true and qds>=70 and qds<90' },
  { label: '40–69', filter: 'type!=Info and is_open=true and qds>=40 and qds<70' },
  { label: '1–39', filter: 'type!=Info and is_open=true and qds>=1 and qds<40' },
  { label: 'none', filter: 'type!=Info and is_open=true and qds=null' },
];

/** Open findings by severity and by Qualys's detection score: what first? */
export function RiskMatrix() {
  const navigate = useNavigate();
  const counted = useCounted('findings', 'severity', BANDS);
  const option = useMemo(() => {
    const cells =
      counted.slices?.flatMap(({ facets }, y) => LEVELS.map((level, x) => [x, y, rowsWith(facets, level)])) ?? [];
    return {
      tooltip: {},
      grid: { left: 8, right: 8, top: 10, bottom: 8, containLabel: true },
      xAxis: {
        type: 'category',
        data: LEVELS.map((level) => `${level} ${SEVERITIES[level]}`),
        splitArea: { show: true },
      },
      yAxis: { type: 'category', name: 'QDS', data: BANDS.map(({ label }) => label), inverse: true },
      visualMap: {
        show: false,
        min: 0,
        max: Math.max(1, ...cells.map(([, , value = 0]) => value)),
        inRange: { color: ['#fff4e6', '#ffc078', '#e8590c', '#c92a2a'] },
      },
      series: [
        {
          type: 'heatmap',
          data: cells,
          label: { show: true, color: '#1a1a1a', textBorderColor: '#fff', textBorderWidth: 2 },
        },
      ],
    };
  }, [counted.slices]);
  if (counted.error !== null) return <ProblemAlert error={counted.error} />;
  if (counted.slices === undefined) return <Waiting rows={6} />;
  return (
    <Chart
      label="Open findings by severity and detection score"
      option={option}
      figures={{
        head: ['QDS', ...LEVELS.map((level) => `${level} ${SEVERITIES[level]}`)],
        rows: counted.slices.map(({ label, facets }) => [
          label,
          ...LEVELS.map((level) => count(rowsWith(facets, level))),
        ]),
      }}
      onMark={({ value }) => {
        const [x = 0, y = 0] = value as number[];
        void navigate({
          to: '/explore/$view',
          params: { view: 'findings' },
          search: { filter: `${BANDS[y]?.filter} and severity=${LEVELS[x]}` },
        });
      }}
    />
  );
}
