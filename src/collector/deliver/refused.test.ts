import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchOf, payloads } from '../../../test/support/batches.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import { writeApart } from './refused.ts';

const never = new AbortController().signal;
const idsIn = (batch: Batch): string[] =>
  batch.bytes
    .toString('utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { id: string }).id);

/** A FAKE sink that takes a request whole or not at all, as destinations do that answer one status. */
function allOrNothing(bad: ReadonlySet<string>) {
  const taken: string[] = [];
  const names: string[] = [];
  const sink: OpenSink = {
    check: async () => {},
    close: async () => {},
    write: async (batches) =>
      batches.map((batch): Outcome => {
        names.push(batch.id);
        const ids = idsIn(batch);
        expect(ids).toEqual(Array.from({ length: batch.count }, (_, i) => batch.eventId(i)));
        if (ids.some((id) => bad.has(id))) return { rejected: 'cannot be read', code: '400' };
        taken.push(...ids);
        return 'delivered';
      }),
  };
  return { sink, taken, names };
}

describe('a batch that is refused whole', () => {
  it('is halved until the events at fault stand alone; the others are delivered once, in order [fault 65]', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 299 }), { maxLength: 8 }),
        async (count, at) => {
          const bad = new Set(at.filter((i) => i < count).map((i) => `b.${i}`));
          const { sink, taken } = allOrNothing(bad);
          const [outcome] = await writeApart(sink, [batchOf('b', payloads('b', count))], never);
          const outcomes = Array.isArray(outcome) ? (outcome as readonly Outcome[]) : Array(count).fill(outcome);
          expect(outcomes).toHaveLength(count);
          outcomes.forEach((one, i) => {
            if (bad.has(`b.${i}`)) expect(one).toEqual({ rejected: 'cannot be read', code: '400' });
            else expect(one).toBe('delivered');
          });
          expect(taken).toEqual(idsIn(batchOf('b', payloads('b', count))).filter((id) => !bad.has(id)));
        },
      ),
      { seed: Date.now() % 2 ** 31, numRuns: 100 },
    );
  });

  it('has parts of the same names when it comes again', async () => {
    const first = allOrNothing(new Set(['b.5']));
    await writeApart(first.sink, [batchOf('b', payloads('b', 8))], never);
    const second = allOrNothing(new Set(['b.5']));
    await writeApart(second.sink, [batchOf('b', payloads('b', 8))], never);
    expect(first.names).toEqual(second.names);
    expect(new Set(first.names).size).toBe(first.names.length);
  });

  it('is left to wait where every event is refused alone: that is not the events', async () => {
    const all = payloads('b', 2000);
    const { sink, names } = allOrNothing(new Set(all.map(({ id }) => id)));
    const [outcomes] = (await writeApart(sink, [batchOf('b', all)], never)) as [readonly Outcome[]];
    expect(outcomes.filter((one) => typeof one === 'object' && 'rejected' in one)).toHaveLength(20);
    expect(outcomes.at(-1)).toEqual({ retry: 'cannot be read (20 events in a row, each alone)' });
    expect(names.length).toBeLessThan(100);
  });

  it('keeps what was settled when the sink goes away half-way', async () => {
    const { sink, taken } = allOrNothing(new Set(['b.2']));
    let writes = 0;
    const fragile: OpenSink = {
      ...sink,
      write: async (batches, signal) => {
        if (++writes === 3) throw new Error('gone');
        return sink.write(batches, signal);
      },
    };
    const [outcomes] = (await writeApart(fragile, [batchOf('b', payloads('b', 8))], never)) as [readonly Outcome[]];
    expect(outcomes.filter((one) => one === 'delivered')).toHaveLength(taken.length);
    expect(outcomes.filter((one) => typeof one === 'object' && 'retry' in one)).toHaveLength(8 - taken.length);
    expect(outcomes.at(-1)).toEqual({ retry: 'gone' });
  });
});
