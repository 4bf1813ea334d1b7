import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { get } from '../api/client.ts';
import type { Page, Pull } from '../api/types.ts';
import { Loaded } from '../parts/Loaded.tsx';
import { Chart } from './Chart.tsx';

const PULLS = 1000;
const COLUMNS = 24;
const RANK = ['complete', 'running', 'interrupted', 'abandoned', 'failed'];
const COLORS = ['#2b8a3e', '#0b7285', '#d9a400', '#e8750a', '#d02f2f'];

/** How the last pulls ended, by data set and time: the worst end of each cell. */
export function RunCalendar() {
  const query = useQuery({
    queryKey: ['calendar'],
    queryFn: async () => (await get<Page<Pull>>('/pulls', { limit: PULLS })).items,
  });
  return <Loaded query={query}>{(pulls) => <Calendar pulls={pulls} />}</Loaded>;
}

function Calendar({ pulls }: { pulls: readonly Pull[] }) {
  const navigate = useNavigate();
  const { option, cells, streams, times } = useMemo(() => {
    const begun = pulls
      .filter(({ started }) => started !== null)
      .map((pull) => ({ ...pull, at: Date.parse(pull.started!) }));
    const first = Math.min(...begun.map(({ at }) => at));
    const step = Math.max(60_000, (Math.max(...begun.map(({ at }) => at)) - first + 1) / COLUMNS);
    const streams = [...new Set(begun.map(({ connection, dataset }) => `${connection}/${dataset}`))].sort();
    const times =
      begun.length === 0
        ? []
        : Array.from({ length: COLUMNS }, (_, i) =>
            new Date(first + i * step).toISOString().slice(5, 16).replace('T', ' '),
          );
    const worst = new Map<string, number>();
    for (const { connection, dataset, at, status } of begun) {
      const cell = `${Math.floor((at - first) / step)} ${streams.indexOf(`${connection}/${dataset}`)}`;
      worst.set(cell, Math.max(worst.get(cell) ?? 0, RANK.indexOf(status)));
    }
    const cells = [...worst].map(([cell, rank]) => [...cell.split(' ').map(Number), rank]);
    return {
      ...{ cells, streams, times },
      option: {
        tooltip: {
          formatter: ({ value: [x, y, rank] }: { value: number[] }) => `${streams[y!]} ${times[x!]}: ${RANK[rank!]}`,
        },
        grid: { left: 8, right: 8, top: 10, bottom: 40, containLabel: true },
        xAxis: { type: 'category', data: times },
        yAxis: { type: 'category', data: streams.map((stream) => stream.split('/')[1]) },
        visualMap: {
          type: 'piecewise',
          orient: 'horizontal',
          left: 'center',
          bottom: 0,
          pieces: RANK.map((label, value) => ({ value, label, color: COLORS[value] })),
        },
        series: [{ type: 'heatmap', data: cells, itemStyle: { borderColor: '#8884', borderWidth: 1 } }],
      },
    };
  }, [pulls]);
  return (
    <Chart
      label="How pulls ended"
      height={Math.max(220, streams.length * 18 + 80)}
      option={option}
      note={`The last ${pulls.length} pulls, UTC`}
      figures={{
        head: ['Stream', 'Time', 'Worst end'],
        rows: cells.map(([x = 0, y = 0, rank = 0]) => [streams[y], times[x], RANK[rank]]),
      }}
      onMark={({ value }) => {
        const [id] = streams[(value as number[])[1] ?? 0]?.split('/') ?? [];
        if (id !== undefined) void navigate({ to: '/connections/$id', params: { id }, search: { tab: 'pulls' } });
      }}
    />
  );
}
