import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { facetCondition } from '../explore/filter.ts';
import { count } from '../parts/format.ts';
import { Waiting } from '../parts/Loaded.tsx';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { Chart } from './Chart.tsx';
import { rowsWith, useCounted } from './counted.ts';

const BY = 'os';
const SLICES = [
  { label: 'all', filter: '' },
  { label: 'with urgent findings', filter: 'open_critical>0' },
];

/** All assets by operating system; the redder, the more of them have an urgent finding open. */
export function Estate() {
  const navigate = useNavigate();
  const counted = useCounted('devices', BY, SLICES);
  const [all, urgent] = counted.slices ?? [];
  const option = useMemo(
    () => ({
      tooltip: {},
      series: [
        {
          type: 'treemap',
          roam: false,
          nodeClick: false,
          breadcrumb: { show: false },
          ...{ left: 0, right: 0, top: 0, bottom: 0 },
          visualDimension: 1,
          label: { formatter: '{b}: {c}' },
          data: (all?.facets ?? []).map(({ value, count: size }) => {
            const share = rowsWith(urgent?.facets ?? [], value) / Math.max(1, size);
            return {
              name: value === null ? 'unknown' : String(value),
              value: size,
              itemStyle: {
                color: share > 0.5 ? '#b02525' : share > 0.2 ? '#b4520b' : share > 0 ? '#7a6200' : '#1f6f45',
              },
            };
          }),
        },
      ],
    }),
    [all, urgent],
  );
  if (counted.error !== null) return <ProblemAlert error={counted.error} />;
  if (all === undefined || urgent === undefined) return <Waiting rows={6} />;
  return (
    <Chart
      label="Assets by operating system"
      option={option}
      note="Urgent findings: green none, yellow some, orange > 20 %, red > 50 %"
      figures={{
        head: ['Operating system', 'Assets', 'With urgent findings'],
        rows: all.facets.map(({ value, count: size }) => [
          value === null ? 'unknown' : String(value),
          count(size),
          count(rowsWith(urgent.facets, value)),
        ]),
      }}
      onMark={({ dataIndex }) => {
        // The first node of a treemap is its root.
        const facet = all.facets[dataIndex - 1];
        if (facet !== undefined)
          void navigate({
            to: '/explore/$view',
            params: { view: 'devices' },
            search: { filter: facetCondition(BY, facet.value) },
          });
      }}
    />
  );
}
