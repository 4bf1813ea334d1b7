import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Overview } from '../api/types.ts';
import { count } from '../parts/format.ts';
import { Chart } from './Chart.tsx';

/** Events by data set and hour; a bar leads to them. */
export function Volume({ volume }: { volume: Overview['volume'] }) {
  const navigate = useNavigate();
  const { option, figures } = useMemo(() => {
    const hours = [...new Set(volume.map(({ hour }) => hour))].sort();
    const datasets = [...new Set(volume.map(({ dataset }) => dataset))];
    const of = new Map(volume.map(({ dataset, hour, appended }) => [`${dataset} ${hour}`, appended]));
    return {
      option: {
        tooltip: { trigger: 'item' },
        legend: { type: 'scroll', bottom: 0 },
        grid: { left: 8, right: 8, top: 10, bottom: 30, containLabel: true },
        xAxis: { type: 'category', data: hours.map((hour) => `${hour.slice(11, 13)}:00`) },
        yAxis: { type: 'value' },
        series: datasets.map((name) => ({
          name,
          type: 'bar',
          stack: 'all',
          data: hours.map((hour) => of.get(`${name} ${hour}`) ?? 0),
        })),
      },
      figures: {
        head: ['Hour (UTC)', 'Data set', 'Events'],
        rows: volume.map(({ hour, dataset, appended }) => [
          hour.slice(0, 13).replace('T', ' '),
          dataset,
          count(appended),
        ]),
      },
    };
  }, [volume]);
  return (
    <Chart
      label="Events by data set and hour"
      option={option}
      figures={figures}
      onMark={({ seriesName }) =>
        void navigate({ to: '/verify', search: seriesName === undefined ? {} : { dataset: seriesName } })
      }
    />
  );
}
