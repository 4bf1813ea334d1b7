import { circuitOf, listParked, listSinks, type ParkedEvent, type SinkState, titleOf } from '../../collector/port.ts';
import { bytes, print, printJson, table } from '../output.ts';
import { lookAtOutbox } from './look.ts';

interface LookOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly sink?: string;
}

/** Parked events read at once. */
const PAGE = 1000;

export async function outbox(what: 'status' | 'parked', options: LookOptions): Promise<number> {
  const box = await lookAtOutbox(options.config);
  try {
    if (what === 'status') await status(await listSinks(box.store), options.json === true);
    else {
      const parked: ParkedEvent[] = [];
      for (let page = PAGE; page === PAGE; ) {
        const more = await listParked(box.store, { sink: options.sink }, PAGE, parked.at(-1));
        parked.push(...more);
        page = more.length;
      }
      await showParked(parked, options.json === true);
    }
    return 0;
  } finally {
    await box.close();
  }
}

async function status(sinks: readonly SinkState[], json: boolean): Promise<void> {
  const now = Date.now();
  if (json) return printJson(sinks.map((sink) => ({ ...sink, circuit: circuitOf(sink, now) })));
  const rows = sinks.map((sink) => [
    titleOf(sink),
    sink.appended,
    sink.delivered,
    sink.filtered,
    sink.parked,
    sink.discarded,
    sink.pending,
    bytes(sink.pendingBytes),
    stateOf(sink, now),
  ]);
  await print(
    table(['SINK', 'APPENDED', 'DELIVERED', 'FILTERED', 'PARKED', 'DISCARDED', 'PENDING', 'BYTES', 'STATE'], rows),
  );
}

/** In words: the circuit where it is not closed, what stands in the way, and when it is tried again. */
function stateOf(sink: SinkState, now: number): string {
  const suspended = sink.suspended ? 'suspended; ' : '';
  const circuit = circuitOf(sink, now);
  if (circuit === 'open') {
    const seconds = Math.ceil((sink.nextAt! - now) / 1000);
    return `${suspended}open, tried again in ${seconds} s: ${sink.reason}`;
  }
  if (circuit === 'half_open') return `${suspended}half-open, one batch is tried: ${sink.reason}`;
  return suspended + (sink.reason ?? (sink.pending > 0 ? 'waiting' : 'up to date'));
}

async function showParked(parked: readonly ParkedEvent[], json: boolean): Promise<void> {
  if (json) return printJson(parked);
  if (parked.length === 0) return print('nothing is parked\n');
  const rows = parked.map((row) => [
    titleOf(row),
    `${row.batch}/${row.event}`,
    `${row.connection}/${row.dataset}`,
    row.id,
    new Date(row.at).toISOString(),
    row.code,
    row.reason,
  ]);
  await print(table(['SINK', 'WHERE', 'STREAM', 'EVENT', 'AT', 'CODE', 'REASON'], rows));
}
