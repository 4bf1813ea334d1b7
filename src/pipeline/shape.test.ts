import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { anyEvent } from '../../test/support/shapes/arbitrary.ts';
import { everyDataset, exampleOf, factsOf, type Said, sourceOf } from '../../test/support/shapes/source.ts';
import { FORMATS } from '../core/sink.ts';
import type { DatasetFile } from '../datasets/define.ts';
import { shapeEvents } from './shape.ts';
import { shapeRaw } from './shape-raw.ts';
import type { ShapeFacts } from './shapes/event.ts';

/** The lines of each event's payload. */
function payloads(
  format: string,
  facts: DatasetFile,
  said: readonly Said[],
  more: Partial<ShapeFacts> = {},
  only?: readonly number[],
): string[][] {
  const known = factsOf(facts, more);
  const { bytes, ends, routing } = shapeEvents(format, sourceOf(said, known.contextAs), known, only);
  expect(ends.at(-1) ?? 0).toBe(bytes.length);
  return ends.map((end, i) => {
    const payload = bytes.toString('utf8', ends[i - 1] ?? 0, end);
    expect(payload.endsWith('\n')).toBe(true);
    const lines = payload.slice(0, -1).split('\n');
    expect(lines).toHaveLength(routing?.(i).length ?? 1);
    return lines;
  });
}

/** Members that say nothing, by path; not those of `below`. */
function blanks(value: unknown, below: readonly string[], path = ''): string[] {
  if (value === null || value === '' || (typeof value === 'string' && value.trim() === '')) return [path];
  if (typeof value !== 'object') return [];
  const members = Object.entries(value);
  if (members.length === 0) return [path];
  return members.flatMap(([name, one]) =>
    below.includes(name) && path === '' ? [] : blanks(one, below, `${path}/${name}`),
  );
}

const all = everyDataset.map((facts) => [facts.name, facts] as const);
const runs = { seed: Date.now() % 2 ** 31, numRuns: 20 };

describe.each(FORMATS)('%s', (format) => {
  it.each(all)('%s: any record is a line of its own, and the same line again', (_, facts) => {
    fc.assert(
      fc.property(
        fc.array(anyEvent(facts), { minLength: 1, maxLength: 4 }),
        fc.constantFrom('xml', 'json'),
        (said, eventFormat) => {
          const options = { options: { eventFormat } } as const;
          const made = payloads(format, facts, said, options);
          expect(made).toHaveLength(said.length);
          for (const line of made.flat()) {
            if (line.startsWith('{')) JSON.parse(line);
            else new SaxesParser().write(line).close();
          }
          expect(payloads(format, facts, said, options)).toEqual(made);
          const last = said.length - 1;
          expect(payloads(format, facts, said, options, [last])).toEqual([made[last]]);
        },
      ),
      runs,
    );
  });
});

describe.each(['interflow', 'ecs'] as const)('%s', (format) => {
  it.each(all)('%s: no blank field, whatever the record', (_, facts) => {
    fc.assert(
      fc.property(anyEvent(facts), (said) => {
        const lines = payloads(format, facts, [said]).flat();
        // The envelope shows the key as it is, absent parts included.
        const found = lines.flatMap((line) => blanks(JSON.parse(line), ['quarry']));
        expect(found).toEqual([]);
      }),
      runs,
    );
  });
});

it('raw is copied, not read', () => {
  for (const [, facts] of all) {
    const known = factsOf(facts);
    const source = sourceOf([exampleOf(facts)], known.contextAs);
    expect(shapeEvents('raw', source, known)).toEqual(shapeRaw(source, known));
  }
});

it('an unknown format is refused', () => {
  const known = factsOf(everyDataset[0]!);
  expect(() => shapeEvents('leef', sourceOf([], undefined), known)).toThrow(RangeError);
});

describe.each(FORMATS)('%s: a removed event with flags', (format) => {
  it.each(all)('%s says that, and why', (_, facts) => {
    const { record, key } = exampleOf(facts);
    const said: Said = { record, key, change: 'removed', reason: 'aged_out', flags: ['control_chars'] };
    for (const line of payloads(format, facts, [said]).flat()) {
      expect(line).toContain('removed');
      expect(line).toContain('aged_out');
      expect(line).toContain('control_chars');
    }
  });

  it.each(all)('%s with nothing but its key', (_, facts) => {
    const said: Said = { record: {}, key: facts.key.map(() => ''), change: 'removed', reason: 'purged' };
    expect(payloads(format, facts, [said])).toHaveLength(1);
  });
});
