import type { Call, Dataset } from '../../core/dataset.ts';
import { QuarryError } from '../../core/errors.ts';
import { type Format, rootOf } from '../../core/format.ts';
import type { Fields } from '../../core/words.ts';
import type { Answer } from '../../qualys/answer.ts';
import { child, text } from '../../qualys/answer-errors.ts';
import type { Client } from '../../qualys/client.ts';
import { fetchAnswer } from '../../qualys/fetch-answer.ts';
import { createReader } from '../../qualys/reader.ts';
import { probeCall } from './probe.ts';

const PROBE_MS = 120_000;
/** Enough of an answer that holds records to tell that it can be read. */
const ENOUGH = 64 * 1024;
const DONE = Symbol('enough of the answer');

/** What a probe found: `empty` where the answer is good and holds nothing, or counts nothing. */
export interface Probed {
  readonly empty: boolean;
  readonly version: string | undefined;
  /** Qualys's clock, epoch milliseconds. */
  readonly serverTime: number | undefined;
}

/**
 * Sends a data set's probe and reads the answer as a pull would, so that what a pull refuses is refused here. Throws
 * what the answer means where it is no data, QRY2002 after two minutes.
 */
export async function probe(client: Client, facts: Dataset, call: Call, caller: AbortSignal): Promise<Probed> {
  const signal = AbortSignal.any([caller, AbortSignal.timeout(PROBE_MS)]);
  const format = formatOf(facts);
  let records = 0;
  let bytes = 0;
  const counted = () => {
    const reader = createReader(format, { record: () => void records++ });
    const write = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      reader.write(chunk);
    };
    return { write, end: () => reader.end() };
  };
  // What the headers said is known of an answer, too, that is not read to its end.
  let begun: Answer | undefined;
  const open: Client['open'] = async (...call) => {
    begun = await client.open(...call);
    return begun;
  };
  try {
    const { end, version, serverTime } = await fetchAnswer({ ...client, open }, call, counted, {
      signal,
      signIn: facts.signIn,
      expectRoot: rootOf(format),
      onChunk: () => {
        if (records > 0 && bytes > ENOUGH) throw DONE;
        return undefined;
      },
    });
    return { empty: records === 0 && !(countIn(end.envelope) > 0), version, serverTime };
  } catch (thrown) {
    if (thrown === DONE) return { empty: false, version: begun?.version, serverTime: begun?.serverTime };
    if (!caller.aborted && signal.aborted)
      throw new QuarryError('QRY2002', { what: `No answer after ${PROBE_MS / 1000} s.`, where: call.api });
    throw thrown;
  }
}

/** A count in JSON is an object without records; where objects are listed first, the probe is that list. */
function formatOf({ probe: own, paging, format }: Dataset): Format {
  if (own !== undefined) return format.kind === 'json' ? { kind: 'json', records: 'data', fields: [] } : format;
  return paging.by === 'step' && paging.parts !== undefined ? paging.parts.format : format;
}

/** What an answer counts instead of holding it: `count` of QPS and of the gateway. */
export function countIn(envelope: Fields): number {
  const inner = child(envelope, 'data') ?? envelope;
  for (const fields of [envelope, inner]) {
    const value = fields['count'];
    const count = typeof value === 'number' ? value : Number(text(fields, 'count') ?? Number.NaN);
    if (count > 0) return count;
  }
  return 0;
}

const YEAR_MS = 365 * 86_400_000;

/**
 * Why a probe held no records, found out by asking again: without the options, then over a year where an hour was asked
 * for. What is left looks the same to Qualys's interfaces, and is said so: nothing there, scope and role, licence.
 */
export async function whyNothing(
  ask: (call: Call) => Promise<Probed>,
  facts: Dataset,
  options: unknown,
  usual: unknown,
  now: number | undefined,
): Promise<string> {
  const has = async (call: Call): Promise<boolean> => !(await ask(call)).empty;
  const asked = JSON.stringify(probeCall(facts, options, now));
  const [plain, year] = [probeCall(facts, usual, now), probeCall(facts, options, now, YEAR_MS)];
  if (JSON.stringify(plain) !== asked && (await has(plain))) {
    const chosen = Object.entries(options as Record<string, unknown>).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify((usual as Record<string, unknown>)[name]),
    );
    return `no records: the options leave nothing of what there is (filter: ${chosen.map(([name]) => name).join(', ')})`;
  }
  const windowed = JSON.stringify(year) !== asked;
  if (windowed && (await has(year)))
    return 'no records in the last hour, which is all that was asked for; there are earlier ones (window)';
  const reasons = [
    'there is nothing',
    `the user does not see it (scope and role: ${facts.permission.roles})`,
    `the subscription does not have it (licence: ${facts.permission.licence})`,
  ];
  return `no records${windowed ? ' within a year' : ''}, and no filter of yours is why; one of: ${reasons.join('; ')}`;
}
