import { cpus, totalmem } from 'node:os';
import type { Rounds } from './programs.ts';

/** One goal of the performance page and what was measured for it. */
export interface GoalRow {
  readonly goal: string;
  readonly must: number;
  readonly stretch: number | undefined;
  /** Whether more is better. */
  readonly higher: boolean;
  /** Undefined: not measured on this machine. */
  readonly value: number | undefined;
  readonly unit: '×' | 'MiB' | '%' | '/s';
  /** Measurements behind the figure. */
  readonly n: number;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** CPU seconds of one program over another's, of each round; the median of those. */
export function cpuRatio(runs: Rounds, over: string, under: string): number | undefined {
  const a = runs.get(over);
  const b = runs.get(under);
  if (a === undefined || b === undefined || a.length === 0) return undefined;
  return median(a.map(({ cpu_s }, round) => cpu_s / b[round]!.cpu_s));
}

const figure = (value: number, unit: GoalRow['unit']): string => {
  if (unit === '/s') return `${Math.round(value).toLocaleString('en-US')} /s`;
  return unit === '×' ? `${value.toFixed(2)} ×` : unit === '%' ? `${value.toFixed(1)} %` : `${value.toFixed(0)} MiB`;
};

function verdict({ value, must, stretch, higher }: GoalRow): string {
  if (value === undefined) return 'not measured';
  const reaches = (mark: number): boolean => (higher ? value >= mark : value <= mark);
  return stretch !== undefined && reaches(stretch) ? 'beyond the stretch' : reaches(must) ? 'reached' : 'MISSED';
}

export function goalTable(rows: readonly GoalRow[]): string[] {
  const lines = rows.map((row) => {
    const sign = row.higher ? '≥' : '≤';
    const stretch = row.stretch === undefined ? '' : `${sign} ${figure(row.stretch, row.unit)}`;
    const measured = row.value === undefined ? '–' : figure(row.value, row.unit);
    return `| ${row.goal} | ${sign} ${figure(row.must, row.unit)} | ${stretch} | ${measured} | ${row.value === undefined ? '' : row.n} | ${verdict(row)} |`;
  });
  return ['| goal | must | stretch | measured | n | |', '|---|---|---|---|---|---|', ...lines];
}

export function runTable(runs: Rounds, mb: number): string[] {
  const lines = [...runs].map(([name, all]) => {
    const cpu = all.map(({ cpu_s }) => cpu_s);
    const spread = `${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)}`;
    const perGb = (median(cpu) / mb) * 1000;
    const rss = Math.max(...all.map(({ rss_mb }) => rss_mb));
    return `| ${name} | ${median(cpu).toFixed(2)} (${spread}) | ${perGb.toFixed(1)} | ${rss.toFixed(0)} |`;
  });
  return ['| program | CPU s, median (range) | CPU s/GB | peak RSS, MiB |', '|---|---|---|---|', ...lines];
}

/** The machine in words: no name, no path. */
export function machine(): string {
  const model = cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} processors (${model}), ${memory} GiB of memory, ${process.platform} ${process.arch}, Node.js ${process.version}`;
}
