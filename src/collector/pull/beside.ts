import type { Beside } from '../../core/dataset.ts';
import { QuarryError } from '../../core/errors.ts';
import { rootOf } from '../../core/format.ts';
import type { Log } from '../../core/log.ts';
import type { Fields, Members, RecordHandler, RecordView } from '../../core/words.ts';
import { createReader } from '../../qualys/reader.ts';
import { nameOf, type Stream } from '../stream.ts';
import { ALL } from './plan.ts';
import { following, type Target } from './target.ts';

/** Makes a handler of records hear of them with what the second source says of each. */
export type Joining = (handler: RecordHandler) => RecordHandler;

const alone: Joining = (handler) => handler;

/** Refusals that say that the second source is not for this user or subscription. */
const NOT_FOR_US = new Set(['QRY2012', 'QRY2013', 'QRY2031']);

/**
 * Reads the second source of a data set whole, where it has one and the options want it, and joins it to the first by
 * what both call the same object. Where Qualys refuses it, the first is taken alone, and the log says so.
 */
export async function readBeside(stream: Stream, log: Log, signal: AbortSignal): Promise<Joining> {
  const { beside } = stream.facts;
  if (beside === undefined || !beside.wanted(stream.options)) return alone;
  const found = new Map<string, readonly Added[]>();
  try {
    await readAll(stream, beside, found, signal);
  } catch (thrown) {
    if (!(thrown instanceof QuarryError) || !NOT_FOR_US.has(thrown.code)) throw thrown;
    const { code, message: what } = thrown;
    log.warn('the second source is refused: the first is read alone', {
      stream: nameOf(stream),
      without: beside.adds.join(', '),
      code,
      what,
    });
    return alone;
  }
  return (handler) => ({
    ...handler,
    record: (view) => {
      const known = beside.match.map(({ first }) => found.get(`${first}=${view.text(first) ?? ''}`));
      const added = known.find((one) => one !== undefined) ?? [];
      handler.record(added.length === 0 ? view : withMembers(view, added));
    },
  });
}

/** A member to add to a record: `bytes` are `"name":value` in UTF-8. */
interface Added {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Fills `found`: by `USER_ID=7` the members to add. */
async function readAll(
  stream: Stream,
  beside: Beside<unknown>,
  found: Map<string, readonly Added[]>,
  signal: AbortSignal,
): Promise<void> {
  let buffer = Buffer.allocUnsafe(64 * 1024);
  let highest: number | undefined;
  const record = (view: RecordView): void => {
    if (buffer.length < view.maxBytes) buffer = Buffer.allocUnsafe(view.maxBytes * 2);
    const fields = JSON.parse(buffer.toString('utf8', 0, view.write(buffer, 0))) as Fields;
    const added = beside.adds
      .filter((name) => fields[name] !== undefined)
      .map((name) => ({ name, bytes: Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(fields[name])}`) }));
    for (const { first, second } of beside.match) {
      const value = view.text(second);
      if (value !== undefined && value !== '') found.set(`${first}=${value}`, added);
    }
    highest = Math.max(highest ?? 0, Number(view.text(beside.id)));
  };
  const facts = { ...stream.facts, format: beside.format, paging: beside.paging };
  let target: Target | undefined = { range: ALL };
  while (target !== undefined && 'range' in target) {
    const { pageSize } = beside;
    const call = beside.records(stream.options, { ...target, pageSize });
    const reader = () => createReader(beside.format, { record });
    const answer = await stream.fetch(call, reader, { signal, expectRoot: rootOf(beside.format) });
    target = following(facts, target, { end: answer.end, nextParams: answer.nextParams, highest, pageSize });
  }
}

/** Ids of added members: far above those a reader gives, and always the same. */
const FIRST_ID = 1_000_000;

/** The record with these members at its end. */
function withMembers(view: RecordView, added: readonly Added[]): RecordView {
  const more = added.reduce((sum, { bytes }) => sum + bytes.length + 1, 0);
  let members: Members = view.members;
  const own = {
    maxBytes: view.maxBytes + more,
    write(target: Uint8Array, at: number): number {
      const end = view.write(target, at);
      const before = view.members;
      const { count } = before;
      const grown = (array: Int32Array): Int32Array => {
        const longer = new Int32Array(count + added.length);
        longer.set(array.subarray(0, count));
        return longer;
      };
      const [ids, starts, ends] = [grown(before.ids), grown(before.starts), grown(before.ends)];
      let place = end - 1;
      added.forEach(({ bytes }, i) => {
        if (count + i > 0) target[place++] = 0x2c;
        ids[count + i] = FIRST_ID + i;
        starts[count + i] = place;
        target.set(bytes, place);
        place += bytes.length;
        ends[count + i] = place;
      });
      target[place] = 0x7d;
      const name = (id: number): string => (id >= FIRST_ID ? added[id - FIRST_ID]!.name : before.name(id));
      members = { count: count + added.length, ids, starts, ends, name };
      return place + 1;
    },
  };
  return new Proxy(view, {
    get(_, name) {
      if (name === 'members') return members;
      if (name === 'maxBytes' || name === 'write') return own[name];
      const value: unknown = Reflect.get(view, name, view);
      return typeof value === 'function' ? value.bind(view) : value;
    },
  });
}
