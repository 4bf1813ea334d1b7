import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchOf } from '../../../test/support/batches.ts';
import { QuarryError } from '../../core/errors.ts';
import type { Batch, Outcome } from '../../core/sink.ts';
import { type Answer, deliver, type Item, type Part, type Plan, sizeOf } from './deliver.ts';

const never = new AbortController().signal;
const seed = Date.now() % 2 ** 31;

interface Record extends Part {
  readonly id: string;
  readonly text: string;
}

/** What a destination makes of a record: takes it, refuses it for good, or not now. */
type Fate = 'ok' | 'bad' | 'busy';
interface Event {
  readonly fates: readonly Fate[];
  readonly length: number;
}

const fate = fc.constantFrom<Fate>('ok', 'ok', 'ok', 'bad', 'busy');
const event = fc.record({ fates: fc.array(fate, { minLength: 1, maxLength: 3 }), length: fc.nat(300) });
const batches = fc.array(
  fc.record({ dataset: fc.constantFrom('a', 'b'), events: fc.array(event, { minLength: 1, maxLength: 12 }) }),
  { maxLength: 6 },
);

/** A batch whose events have a line for each fate; the line's text is the fate. */
function made(number: number, dataset: string, events: readonly Event[]): Batch {
  const payloads = events.map((one, i) =>
    Buffer.from(one.fates.map((text) => `${JSON.stringify({ text, pad: 'x'.repeat(one.length), i })}\n`).join('')),
  );
  let end = 0;
  return {
    ...batchOf(`b${number}`, [], dataset),
    count: events.length,
    bytes: Buffer.concat(payloads),
    ends: payloads.map(({ length }) => (end += length)),
    eventId: (i) => `${number}.${i}`,
    routing: (i) => events[i]!.fates.map((_, line) => `route-${line}`),
  };
}

const part: Plan<Record>['part'] = ({ id, bytes }) => {
  const { text } = JSON.parse(bytes.toString()) as { text: string };
  return { id, text, pieces: [bytes] };
};
const textsOf = (items: readonly Item<Record>[]): string[] => items.map((item) => item.part.text);

const expectedOf = ({ fates }: Event): string =>
  fates.includes('busy') ? 'retry' : fates.includes('bad') ? 'rejected' : 'delivered';
const kindOf = (outcome: Outcome): string => (outcome === 'delivered' ? outcome : Object.keys(outcome)[0]!);

/** Ways to answer for the same fates; whichever it is, the outcomes are the same. */
const WAYS: { readonly [way: string]: (items: readonly Item<Record>[]) => Answer } = {
  each: (items) => ({
    outcomes: textsOf(items).map((text): Outcome => {
      if (text === 'ok') return 'delivered';
      return text === 'bad' ? { rejected: 'bad', code: '400' } : { retry: 'busy' };
    }),
  }),
  halves: (items) => {
    const texts = textsOf(items);
    if (texts.includes('bad')) return { refused: 'bad', code: '400' };
    return { outcomes: texts.map((text): Outcome => (text === 'ok' ? 'delivered' : { retry: 'busy' })) };
  },
  numbered: (items) => {
    const texts = textsOf(items);
    if (texts.includes('bad')) return { refused: 'bad', code: '6', at: texts.indexOf('bad') };
    return { outcomes: texts.map((text): Outcome => (text === 'ok' ? 'delivered' : { retry: 'busy' })) };
  },
};

test.each(Object.keys(WAYS))(
  `[fault 65] [fault 66] however a destination answers (%s), every event has the outcome it deserves (seed ${seed})`,
  async (way) => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.integer({ min: 50, max: 2000 }),
        fc.integer({ min: 1, max: 9 }),
        async (all, maxBytes, maxItems) => {
          const given = all.map(({ dataset, events }, i) => made(i, dataset, events));
          const seen: string[] = [];
          const plan: Plan<Record> = {
            maxBytes,
            maxItems,
            group: ({ dataset }) => dataset,
            part,
            send: async (items, first) => {
              expect(items.length).toBeLessThanOrEqual(maxItems);
              if (items.length > 1)
                expect(items.reduce((sum, one) => sum + sizeOf(one.part.pieces), 0)).toBeLessThanOrEqual(maxBytes);
              for (const { batch } of items) expect(given[batch]!.dataset).toBe(first.dataset);
              seen.push(...items.map((item) => item.part.id));
              return WAYS[way]!(items);
            },
          };
          const outcomes = await deliver(given, plan, never);
          expect(outcomes.map((row) => row.map(kindOf))).toEqual(all.map(({ events }) => events.map(expectedOf)));
          const ids = all.flatMap(({ events }, b) =>
            events.flatMap(({ fates }, e) =>
              fates.map((_, line) => (line === 0 ? `${b}.${e}` : `${b}.${e}-${line + 1}`)),
            ),
          );
          expect([...new Set(seen)]).toEqual(ids);
        },
      ),
      { seed, numRuns: 300 },
    );
  },
);

const plan = (send: Plan<Record>['send'], more: Partial<Plan<Record>> = {}): Plan<Record> => ({
  ...{ maxBytes: 1, group: () => '', part, send },
  ...more,
});
const three = (): Batch =>
  made(
    0,
    'a',
    Array.from({ length: 3 }, () => ({ fates: ['ok'], length: 1 })),
  );

test('[fault 73] [fault 74] a destination that is closed is asked once, and not for everything that waits', async () => {
  let asked = 0;
  const closed = { retry: 'closed', waitMs: 9 };
  const outcomes = await deliver(
    [three()],
    plan(async () => {
      asked++;
      return { closed };
    }),
    never,
  );
  expect(outcomes).toEqual([[closed, closed, closed]]);
  expect(asked).toBe(1);
});

test('what a sink leaves open is not delivered until it says so', async () => {
  const open: Item[] = [];
  const outcomes = await deliver(
    [three()],
    plan(
      async (items) => {
        open.push(...items);
        return 'open';
      },
      { finish: async (settle) => settle(open.slice(0, 2), 'delivered') },
    ),
    never,
  );
  expect(outcomes.flat().map(kindOf)).toEqual(['delivered', 'delivered', 'retry']);
});

test('a defect is not taken for weather, and told to stop it stops', async () => {
  const defect = plan(async () => Promise.reject(new TypeError('x is undefined')));
  await expect(deliver([three()], defect, never)).rejects.toThrow('x is undefined');
  const away = plan(async () => Promise.reject(new QuarryError('QRY5030', { what: 'away' })));
  expect((await deliver([three()], away, never)).flat().map(kindOf)).toEqual(['retry', 'retry', 'retry']);
  await expect(deliver([three()], away, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});
