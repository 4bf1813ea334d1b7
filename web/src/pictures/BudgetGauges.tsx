import { SimpleGrid, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { Budget } from '../api/types.ts';
import { Empty } from '../parts/Empty.tsx';
import { count, duration } from '../parts/format.ts';
import { When } from '../parts/When.tsx';
import { Chart } from './Chart.tsx';

const DRAWN = 4;

/** Calls left of Qualys's limits: the tightest as gauges, all in the table. */
export function BudgetGauges({ budgets }: { budgets: readonly Budget[] }) {
  const known = budgets.filter((one) => one.limit !== undefined && one.remaining !== undefined);
  const tightest = known.toSorted((a, b) => left(a) - left(b)).slice(0, DRAWN);
  const key = JSON.stringify(tightest);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same figures are the same picture
  const option = useMemo(
    () => ({
      series: tightest.map((one, i) => ({
        type: 'gauge',
        name: one.api,
        center: [`${((i + 0.5) * 100) / tightest.length}%`, '58%'],
        radius: '58%',
        startAngle: 200,
        endAngle: -20,
        max: one.limit,
        splitNumber: 1,
        progress: {
          show: true,
          width: 10,
          itemStyle: { color: left(one) < 0.1 ? '#d02f2f' : left(one) < 0.3 ? '#d9a400' : '#2b8a3e' },
        },
        axisLine: { lineStyle: { width: 10 } },
        axisTick: { show: false },
        splitLine: { show: false },
        axisLabel: { show: false },
        pointer: { show: false },
        title: { offsetCenter: [0, '45%'], fontSize: 11 },
        detail: { formatter: '{value}', fontSize: 18, offsetCenter: [0, 0] },
        data: [{ value: one.remaining, name: one.api.length > 18 ? `${one.api.slice(0, 17)}…` : one.api }],
      })),
    }),
    [key],
  );
  if (budgets.length === 0)
    return <Empty title="No call was made yet">Qualys says its limits with the first answer.</Empty>;
  const waiting = budgets.filter((one) => one.waiting > 0);
  return (
    <>
      {known.length === 0 ? (
        <Text size="sm">Qualys has not named its limits yet.</Text>
      ) : (
        <Chart
          label="Calls left by API"
          height={170}
          option={option}
          figures={{
            head: ['API', 'Left', 'Limit', 'Window', 'Running', 'Waiting'],
            rows: budgets.map((one) => [
              one.api,
              count(one.remaining),
              count(one.limit),
              one.window_s === undefined ? '–' : duration(one.window_s * 1000),
              count(one.running),
              count(one.waiting),
            ]),
          }}
        />
      )}
      <SimpleGrid cols={1} spacing={2}>
        {waiting.map((one) => (
          <Text size="sm" key={`${one.subscription} ${one.api}`}>
            {one.api}: {count(one.waiting)} wait {one.because} {one.until !== undefined && <When at={one.until} />}
          </Text>
        ))}
      </SimpleGrid>
    </>
  );
}

const left = ({ limit = 1, remaining = 1 }: Budget): number => remaining / Math.max(1, limit);
