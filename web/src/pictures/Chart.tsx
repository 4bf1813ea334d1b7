import { Button, Group, Text, useComputedColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ECElementEvent, EChartsCoreOption } from 'echarts/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { Empty } from '../parts/Empty.tsx';
import { ListTable } from '../parts/ListTable.tsx';
import { init } from './echarts.ts';

/** What a chart shows, as rows: for screen readers and for those who like figures. */
export interface Figures {
  readonly head: readonly string[];
  readonly rows: readonly (readonly ReactNode[])[];
}

interface ChartProps {
  readonly label: string;
  readonly option: EChartsCoreOption;
  readonly figures: Figures;
  readonly onMark?: ((mark: ECElementEvent) => void) | undefined;
  readonly height?: number;
  /** When it was counted, and of what. */
  readonly note?: string;
}

/** A picture and the table it was drawn from. */
export function Chart({ label, option, figures, onMark, height = 280, note }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  const [asTable, { toggle }] = useDisclosure();
  const latest = useRef(onMark);
  latest.current = onMark;
  useEffect(() => {
    if (box.current === null) return;
    const chart = init(box.current, scheme === 'dark' ? 'dark' : undefined, { renderer: 'svg' });
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    chart.setOption({
      backgroundColor: 'transparent',
      animation: !still,
      aria: { enabled: true, label: { description: label } },
      ...option,
    });
    chart.on('click', (mark) => latest.current?.(mark as ECElementEvent));
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [option, scheme, label]);
  if (figures.rows.length === 0) return <Empty title="Nothing to draw yet">It appears with the first data.</Empty>;
  return (
    <div>
      <div
        ref={box}
        style={{ height, display: asTable ? 'none' : 'block', cursor: onMark === undefined ? 'default' : 'pointer' }}
      />
      {asTable && (
        <ListTable
          label={label}
          columns={figures.head.map((title, i) => ({
            title,
            cell: (row: readonly ReactNode[]) => row[i],
            number: i > 0,
          }))}
          items={figures.rows}
          keyOf={(row) => row.map(String).join(' ')}
          empty={null}
        />
      )}
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {note}
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={toggle}
          aria-label={`${label}: ${asTable ? 'as a picture' : 'as a table'}`}
        >
          {asTable ? 'As a picture' : 'As a table'}
        </Button>
      </Group>
    </div>
  );
}
