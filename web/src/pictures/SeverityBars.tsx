import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { count } from '../parts/format.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { SEVERITIES, SEVERITY_COLORS } from '../parts/Severity.tsx';
import { Chart } from './Chart.tsx';
import { rowsWith, type Slice, useCounted } from './counted.ts';

interface SeverityBarsProps {
  readonly label: string;
  readonly view: string;
  readonly slices: readonly Slice[];
  /** Areas for what develops in time, bars for what is sorted into classes. */
  readonly shape: 'bar' | 'area';
  readonly note?: string;
}

const LEVELS = [1, 2, 3, 4, 5];

/** Rows of slices by severity, one on the other; a mark opens its rows. */
export function SeverityBars({ label, view, slices, shape, note }: SeverityBarsProps) {
  const navigate = useNavigate();
  const counted = useCounted(view, 'severity', slices);
  const option = useMemo(
    () => ({
      tooltip: { trigger: shape === 'area' ? 'axis' : 'item' },
      legend: { type: 'scroll', bottom: 0 },
      grid: { left: 8, right: 8, top: 14, bottom: 30, containLabel: true },
      xAxis: { type: 'category', data: slices.map((slice) => slice.label), boundaryGap: shape === 'bar' },
      yAxis: { type: 'value' },
      series: LEVELS.map((level) => ({
        name: `${level} ${SEVERITIES[level]}`,
        type: shape === 'bar' ? 'bar' : 'line',
        stack: 'all',
        ...(shape === 'area' ? { areaStyle: {}, triggerLineEvent: true, symbolSize: 7 } : {}),
        color: SEVERITY_COLORS[level],
        data: counted.slices?.map(({ facets }) => rowsWith(facets, level)) ?? [],
      })),
    }),
    [counted.slices, slices, shape],
  );
  if (counted.error !== null) return <ProblemAlert error={counted.error} />;
  if (counted.slices === undefined) return <Waiting rows={6} />;
  const open = (filter: string): void => void navigate({ to: '/explore/$view', params: { view }, search: { filter } });
  return (
    <Chart
      label={label}
      option={option}
      {...(note === undefined ? {} : { note })}
      figures={{
        head: ['', ...LEVELS.map((level) => `${level} ${SEVERITIES[level]}`)],
        rows: counted.slices.map((slice) => [
          slice.label,
          ...LEVELS.map((level) => count(rowsWith(slice.facets, level))),
        ]),
      }}
      onMark={({ dataIndex, seriesIndex = 0 }) => {
        const slice = slices[dataIndex ?? slices.length - 1];
        if (slice !== undefined) open(`${slice.filter} and severity=${LEVELS[seriesIndex]}`);
      }}
    />
  );
}
