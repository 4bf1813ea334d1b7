import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QuarryError } from '../../core/errors.ts';
import { print } from '../output.ts';

export interface BenchFlags {
  readonly out?: string;
  readonly inventory: boolean;
  readonly results?: boolean;
  readonly json?: boolean;
}

interface Result {
  readonly records: number;
  readonly checksum: string;
  /** What else is worth a line, for people. */
  readonly more?: readonly string[];
}

/** Throws QRY30xx where the file is no whole answer, QRY6006 where `--out` of `collect` holds a collection already. */
export async function bench(what: 'read' | 'ndjson' | 'collect', file: string, flags: BenchFlags): Promise<number> {
  const result = await run(what, file, flags).catch((thrown: unknown) => {
    throw unreadable(thrown, file);
  });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const figures = {
    records: result.records,
    checksum: result.checksum,
    cpu_s: Number(((userCPUTime + systemCPUTime) / 1e6).toFixed(3)),
    rss_mb: Number((maxRSS / 1024).toFixed(1)),
  };
  if (flags.json === true) {
    await print(`${JSON.stringify(figures)}\n`);
    for (const line of result.more ?? []) process.stderr.write(`${line}\n`);
  } else {
    const lines = [
      `${figures.records.toLocaleString('en-US')} records, checksum ${figures.checksum}`,
      `${figures.cpu_s} CPU s, ${figures.rss_mb} MiB at the most`,
    ];
    await print(`${[...lines, ...(result.more ?? [])].join('\n')}\n`);
  }
  return 0;
}

/** Nothing is read again here, as it is from Qualys: what is wrong is the file. */
function unreadable(thrown: unknown, file: string): unknown {
  const fix = 'Give a whole answer of host_list_detection, as Qualys sent it.';
  if (thrown instanceof QuarryError && thrown.code.startsWith('QRY30'))
    return new QuarryError(thrown.code, { what: thrown.message, where: `${file}, ${thrown.where}`, fix });
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code.startsWith('Z_'))
    return new QuarryError('QRY3002', {
      what: `What is packed cannot be unpacked: ${String(thrown)}`,
      where: file,
      fix,
    });
  return thrown;
}

async function run(what: 'read' | 'ndjson' | 'collect', file: string, flags: BenchFlags): Promise<Result> {
  if (what === 'collect') return collect(file, flags);
  const { benchLines, benchRead } = await import('../../collector/bench/read.ts');
  return what === 'read' ? benchRead(file) : benchLines(file, flags.out ?? '/dev/null');
}

/** Everything a pull does, into a temporary data directory (or `out`, kept). */
async function collect(file: string, { out, inventory, results = false }: BenchFlags): Promise<Result> {
  const { benchCollect } = await import('../../collector/bench/collect.ts');
  if (out !== undefined && existsSync(join(out, 'quarry.db')))
    throw new QuarryError('QRY6006', {
      what: 'What was collected here before would be taken for known, and nothing would come out.',
      where: join(out, 'quarry.db'),
      fix: 'Name another folder with --out, or remove this one.',
    });
  const dataDir = out ?? (await mkdtemp(join(tmpdir(), 'quarry-bench-')));
  try {
    const { records, checksum, longestTransactionMs, longestStallMs } = await benchCollect(file, dataDir, {
      inventory,
      results,
    });
    return {
      records,
      checksum,
      more: [
        `longest write transaction ${longestTransactionMs.toFixed(0)} ms, longest event-loop stall ${longestStallMs.toFixed(0)} ms`,
      ],
    };
  } finally {
    if (out === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}
