import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shapeEvents } from '../src/pipeline/shape.ts';
import { everyDataset, exampleOf, factsOf, sourceOf } from './support/shapes/source.ts';

/**
 * What every format makes of every data set's example, kept: a consumer's parser must not find something new because
 * something here was changed in passing. Written anew only by `QUARRY_UPDATE_GOLDEN=1 vitest run test/golden.test.ts`, then `biome check --write test/golden`.
 */
const UPDATE = process.env['QUARRY_UPDATE_GOLDEN'] === '1';
const FOLDER = join(import.meta.dirname, 'golden');
const FORMATS = ['devo', 'interflow', 'ecs', 'ocsf', 'cim'] as const;

describe.each(FORMATS)('%s', (format) => {
  it.each(everyDataset.map((facts) => [facts.name, facts] as const))('%s as it was', (name, facts) => {
    const known = factsOf(facts);
    const { bytes } = shapeEvents(format, sourceOf([exampleOf(facts)], known.contextAs), known);
    const lines = bytes.toString('utf8').trimEnd().split('\n');
    // One document to a line, read as JSON where it is: a difference then shows the member it is in.
    const made = lines.map((line) => (line.startsWith('{') ? (JSON.parse(line) as unknown) : line));
    const file = join(FOLDER, format, `${name}.json`);
    if (UPDATE) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`);
    }
    expect(existsSync(file), `${file} is missing`).toBe(true);
    expect(made).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  it('has a golden file of every data set, and of nothing else', () => {
    const files = readdirSync(join(FOLDER, format)).sort();
    expect(files).toEqual(everyDataset.map(({ name }) => `${name}.json`).sort());
  });
});
