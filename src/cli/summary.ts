import type { RunSummary } from '../collector/collector.ts';
import { titleOf } from '../collector/port.ts';
import type { PullReport } from '../collector/report.ts';
import { explain } from '../core/errors.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { bytes, elapsed, table } from './output.ts';

/** One line when a pull has ended. */
export function reportFields(report: PullReport): Record<string, unknown> {
  const { error, heldSweep, elapsedMs, waitedMs, ...facts } = report;
  const seconds = Math.max(0.001, elapsedMs / 1000);
  return {
    ...facts,
    seconds: Number(seconds.toFixed(1)),
    waited_s: Number((waitedMs / 1000).toFixed(1)),
    records_per_s: Math.round(report.received / seconds),
    ...(heldSweep === undefined
      ? {}
      : { held_sweep: `${heldSweep.absent} of ${heldSweep.known} keys absent: held until confirmed` }),
    ...(error === undefined ? {} : { code: error.code, what: error.message, qualys: error.qualys, do: error.fix }),
  };
}

/** What a run did, for people. */
export function summaryText(summary: RunSummary): string {
  const rows = summary.reports.map((report) => [
    report.stream,
    report.mode,
    report.outcome,
    report.received,
    report.emitted,
    report.unchanged,
    report.removed,
    report.quarantined,
    report.requests,
    bytes(report.bytes),
    elapsed(report.waitedMs),
    elapsed(report.elapsedMs),
  ]);
  let text = table(
    [
      'STREAM',
      'PULL',
      'OUTCOME',
      'RECEIVED',
      'EMITTED',
      'UNCHANGED',
      'REMOVED',
      'QUARANTINED',
      'CALLS',
      'BYTES',
      'WAITED',
      'TIME',
    ],
    rows,
  );
  if (summary.sinks.length > 0) {
    const sinks = summary.sinks.map((sink) => [
      titleOf(sink),
      sink.appended,
      sink.delivered,
      sink.parked,
      sink.pending,
      sink.reason ?? '',
    ]);
    text += `\n${table(['SINK', 'APPENDED', 'DELIVERED', 'PARKED', 'PENDING', 'LAST FAILURE'], sinks)}`;
  }
  for (const { heldSweep, stream } of summary.reports) {
    if (heldSweep !== undefined)
      text += `\n${stream}: a sweep found ${heldSweep.absent} of ${heldSweep.known} keys absent, too many to believe; it is held until a second one agrees.\n`;
  }
  for (const [stream, error] of summary.stopped) text += `\n${stream} stopped: ${explain(error)}\n`;
  for (const { what, left, right } of summary.imbalances)
    text += `\nA BALANCE DOES NOT HOLD: ${what}: ${left} and ${right}\n`;
  if (summary.imbalances.length === 0) text += '\nbalances: ok\n';
  return text;
}

/** The exit code of a run that ended by itself. */
export function summaryExit(summary: RunSummary): number {
  if (summary.imbalances.length > 0) return EXIT.failed;
  const errors = [...summary.stopped.values()];
  if (errors.length > 0) {
    const codes = new Set(errors.map(exitCodeOf));
    return errors.length >= summary.streams.length && codes.size === 1 ? [...codes][0]! : EXIT.partial;
  }
  if (summary.sinks.some(({ pending, suspended }) => pending > 0 || suspended)) return EXIT.sink;
  if (summary.sinks.some(({ parked }) => parked > 0) || summary.reports.some(({ quarantined }) => quarantined > 0))
    return EXIT.partial;
  return EXIT.ok;
}
