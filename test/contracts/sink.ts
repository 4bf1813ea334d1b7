import { describe, expect, test } from 'vitest';
import type { Batch, Guarantee, OpenSink, Outcome } from '../../src/core/sink.ts';
import { batchOf, type Payload, part, payloads } from '../support/batches.ts';

/**
 * How a destination can be made to behave. `accept` takes everything. `transient` takes nothing for now. `refuse` takes
 * nothing whose text holds `bad`, for good. `busy` takes nothing whose text holds `busy`, for now. `random` does any of
 * these, by chance. `slow` takes everything, late. `mute` takes everything and never answers: the reply is lost.
 * `small` takes no request above 64 KiB.
 */
export type Behaviour = 'accept' | 'transient' | 'refuse' | 'busy' | 'random' | 'slow' | 'mute' | 'small';

/** A kind of sink under test. */
export interface SinkUnderTest {
  readonly title: string;
  readonly guarantee: Guarantee;
  /** What its destination can be made to do; rules about the rest are not run with it. */
  readonly can: readonly Exclude<Behaviour, 'accept'>[];
  start(): Promise<Destination>;
}

/** Where a sink under test delivers to, real or a fake named as such. */
export interface Destination {
  behave(how: Behaviour): Promise<void>;
  /** Opens the sink; again after it was closed, on the same destination. */
  open(): Promise<OpenSink>;
  /** Everything that arrived so far, in order of arrival, repetitions included. */
  received(): Promise<readonly Payload[]>;
  stop(): Promise<void>;
}

const never = new AbortController().signal;
const idsOf = (all: readonly Payload[]): string[] => all.map(({ id }) => id);
const outcomesOf = (batch: Batch, outcome: Outcome | readonly Outcome[]): Outcome[] =>
  Array.isArray(outcome)
    ? [...(outcome as readonly Outcome[])]
    : new Array<Outcome>(batch.count).fill(outcome as Outcome);

interface Settled {
  readonly delivered: Set<string>;
  readonly rejected: Map<string, string>;
}

/** Gives a sink batches as the collector does: what is to be tried again comes again, alone and under a new name. */
async function deliver(sink: OpenSink, batches: readonly Batch[], tries = 200): Promise<Settled> {
  const settled: Settled = { delivered: new Set(), rejected: new Map() };
  let waiting = batches;
  for (let i = 0; waiting.length > 0; i++) {
    if (i === tries) throw new Error(`${waiting.length} batches are not settled after ${tries} tries`);
    const answered = await sink.write(waiting, never).catch(() => undefined);
    if (answered === undefined) continue;
    expect(answered).toHaveLength(waiting.length);
    waiting = waiting.flatMap((batch, b) => {
      const outcomes = outcomesOf(batch, answered[b]!);
      expect(outcomes).toHaveLength(batch.count);
      const again = outcomes.flatMap((outcome, event) => {
        if (outcome === 'delivered') settled.delivered.add(batch.eventId(event));
        else if ('rejected' in outcome) settled.rejected.set(batch.eventId(event), outcome.rejected);
        else return [event];
        return [];
      });
      return again.length === 0 ? [] : [again.length === batch.count ? batch : part(batch, again)];
    });
  }
  return settled;
}

/** The rules every sink keeps, with the destination made to behave as badly as it can. See docs/reference/contract-sink.md. */
export function sinkContract({ title, guarantee, can, start }: SinkUnderTest): void {
  const withSink = async (work: (sink: OpenSink, destination: Destination) => Promise<void>): Promise<void> => {
    const destination = await start();
    try {
      const sink = await destination.open();
      try {
        await work(sink, destination);
      } finally {
        await sink.close();
      }
    } finally {
      await destination.stop();
    }
  };
  const rule = (name: string, needs: readonly Behaviour[], work: Parameters<typeof withSink>[0]): void => {
    if (needs.every((one) => one === 'accept' || can.includes(one))) test(name, () => withSink(work));
  };

  describe(`${title} keeps the contract of sinks`, () => {
    rule(
      'S1 what is answered as delivered has arrived, whole, byte for byte, in order',
      [],
      async (sink, destination) => {
        const texts = ['', 'plain', 'é 𝒳 \u2028 \u0000 "\\', 'x'.repeat(300_000)];
        const batches = texts.map((text, i) => batchOf(`b${i}`, payloads(`b${i}`, 3, text)));
        expect(await sink.write(batches, never)).toHaveLength(4);
        const expected = texts.flatMap((text, i) => payloads(`b${i}`, 3, text));
        expect(await destination.received()).toEqual(expected);
      },
    );

    rule('S2 nothing to write is no write', [], async (sink, destination) => {
      expect(await sink.write([], never)).toEqual([]);
      expect(await destination.received()).toEqual([]);
    });

    rule('S3 batches of several data sets and connections may come in one write', [], async (sink, destination) => {
      const streams = [
        ['a', 'c'],
        ['b', 'c'],
        ['a', 'd'],
        ['a', 'c'],
      ] as const;
      const batches = streams.map(([dataset, connection], i) =>
        batchOf(`b${i}`, payloads(`b${i}`, 2), dataset, connection),
      );
      const { delivered } = await deliver(sink, batches);
      expect(delivered.size).toBe(8);
      expect(new Set(idsOf(await destination.received()))).toEqual(delivered);
    });

    rule('S4 many small batches and one large one', [], async (sink, destination) => {
      const small = Array.from({ length: 200 }, (_, i) => batchOf(`s${i}`, payloads(`s${i}`, 1)));
      const large = batchOf('l', payloads('l', 4000, 'y'.repeat(1900)));
      const { delivered } = await deliver(sink, [...small, large]);
      expect(delivered.size).toBe(4200);
      expect(idsOf(await destination.received())).toHaveLength(4200);
    });

    rule(
      'S5 when the answer was lost the same comes again: nothing is missing, and once only where that is promised',
      [],
      async (sink, destination) => {
        const batches = [batchOf('b0', payloads('b0', 5)), batchOf('b1', payloads('b1', 5))];
        await sink.write(batches, never);
        await sink.close();
        const again = await destination.open();
        const { delivered } = await deliver(again, batches);
        await deliver(again, [batchOf('b2', payloads('b2', 1))]);
        await again.close();
        expect(delivered.size).toBe(10);
        const ids = idsOf(await destination.received());
        expect(new Set(ids).size).toBe(11);
        if (guarantee === 'effectively once') expect(ids).toHaveLength(11);
      },
    );

    rule('S6 a check says that it works and leaves nothing behind', [], async (sink, destination) => {
      await sink.check();
      await sink.check();
      expect(await destination.received()).toEqual([]);
    });

    rule('S7 a check says what is wrong', ['transient'], async (sink, destination) => {
      await destination.behave('transient');
      await expect(sink.check()).rejects.toThrow();
    });

    rule(
      'S8 while the destination takes nothing, nothing is delivered and nothing rejected; then it heals by itself',
      ['transient'],
      async (sink, destination) => {
        await deliver(sink, [batchOf('b0', payloads('b0', 2))]);
        await destination.behave('transient');
        const batches = [batchOf('b1', payloads('b1', 3)), batchOf('b2', payloads('b2', 3))];
        for (let i = 0; i < 3; i++) {
          const answered = await sink.write(batches, never).catch(() => undefined);
          for (const [b, outcome] of (answered ?? []).entries())
            for (const one of outcomesOf(batches[b]!, outcome)) expect(one).toHaveProperty('retry');
        }
        await destination.behave('accept');
        expect((await deliver(sink, batches)).delivered.size).toBe(6);
        const ids = idsOf(await destination.received());
        expect(new Set(ids).size).toBe(8);
        if (guarantee === 'effectively once') expect(ids).toHaveLength(8);
      },
    );

    rule(
      'S9 an event that is refused for good is rejected alone, with the reason [fault 65]',
      ['refuse'],
      async (sink, destination) => {
        await destination.behave('refuse');
        const mixed = payloads('b0', 50).map((one, i) => (i === 17 || i === 49 ? { ...one, text: 'bad' } : one));
        const batches = [batchOf('b0', mixed), batchOf('b1', payloads('b1', 5))];
        const { delivered, rejected } = await deliver(sink, batches);
        expect([...rejected.keys()]).toEqual(['b0.17', 'b0.49']);
        for (const reason of rejected.values()) expect(reason).not.toBe('');
        expect(delivered.size).toBe(53);
        expect(new Set(idsOf(await destination.received()))).toEqual(delivered);
      },
    );

    rule(
      'S10 an event that cannot be taken now waits alone, the rest is settled [fault 66]',
      ['busy'],
      async (sink, destination) => {
        await destination.behave('busy');
        const mixed = payloads('b0', 10).map((one, i) => (i % 2 === 0 ? { ...one, text: 'busy' } : one));
        const batch = batchOf('b0', mixed);
        const [answer] = await sink.write([batch], never);
        const outcomes = outcomesOf(batch, answer!);
        outcomes.forEach((one, i) => {
          if (i % 2 === 0) expect(one).toHaveProperty('retry');
          else expect(one).toBe('delivered');
        });
        await destination.behave('accept');
        const { delivered } = await deliver(sink, [part(batch, [0, 2, 4, 6, 8])]);
        expect(delivered.size).toBe(5);
        expect(idsOf(await destination.received()).sort()).toEqual(idsOf(mixed).sort());
      },
    );

    rule(
      'S11 whatever it does by chance, in the end every event is delivered or rejected, and none is lost',
      ['random'],
      async (sink, destination) => {
        await destination.behave('random');
        const batches = Array.from({ length: 20 }, (_, i) => batchOf(`b${i}`, payloads(`b${i}`, 20)));
        const { delivered, rejected } = await deliver(sink, batches);
        expect(delivered.size + rejected.size).toBe(400);
        const arrived = new Set(idsOf(await destination.received()));
        for (const id of delivered) expect(arrived).toContain(id);
      },
    );

    rule(
      'S12 applied but the reply is lost: it comes again and is there [fault 70]',
      ['mute'],
      async (sink, destination) => {
        await destination.behave('mute');
        const batches = [batchOf('b0', payloads('b0', 5))];
        const answered = await sink.write(batches, never).catch(() => undefined);
        for (const outcome of answered ?? [])
          for (const one of outcomesOf(batches[0]!, outcome)) expect(one).not.toBe('delivered');
        await destination.behave('accept');
        expect((await deliver(sink, batches)).delivered.size).toBe(5);
        const ids = idsOf(await destination.received());
        expect(new Set(ids).size).toBe(5);
        if (guarantee === 'effectively once') expect(ids).toHaveLength(5);
      },
    );

    rule('S13 told to stop, a write that waits for a slow destination ends', ['slow'], async (sink, destination) => {
      await destination.behave('slow');
      const stop = new AbortController();
      const large = Array.from({ length: 8 }, (_, i) => batchOf(`b${i}`, payloads(`b${i}`, 400, 'z'.repeat(1000))));
      const writing = sink.write(large, stop.signal);
      const ended = expect(writing).rejects.toThrow('enough');
      stop.abort(new Error('enough'));
      await ended;
    });

    rule('S14 a slow destination gets everything, in the end', ['slow'], async (sink, destination) => {
      await destination.behave('slow');
      const large = Array.from({ length: 4 }, (_, i) => batchOf(`b${i}`, payloads(`b${i}`, 100, 'z'.repeat(1000))));
      const writing = deliver(sink, large);
      await destination.behave('accept');
      expect((await writing).delivered.size).toBe(400);
      expect(new Set(idsOf(await destination.received())).size).toBe(400);
    });

    rule(
      'S15 too large together is split; too large alone is rejected and the rest goes on [fault 69]',
      ['small'],
      async (sink, destination) => {
        await destination.behave('small');
        const mixed = payloads('b0', 100, 'w'.repeat(2000)).map((one, i) =>
          i === 40 ? { ...one, text: 'w'.repeat(100_000) } : one,
        );
        const { delivered, rejected } = await deliver(sink, [batchOf('b0', mixed)]);
        expect([...rejected.keys()]).toEqual(['b0.40']);
        expect(delivered.size).toBe(99);
        expect(new Set(idsOf(await destination.received()))).toEqual(delivered);
      },
    );

    rule('S16 closing twice, and closing what never wrote, is no error', [], async (sink) => {
      await sink.close();
      await expect(sink.close()).resolves.toBeUndefined();
    });
  });
}
