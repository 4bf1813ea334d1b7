import { describe } from 'vitest';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { factsContract, readingContract } from './dataset.ts';

/** Every data set there is; a new one is held to the same rules without a word here. */
describe.each([...datasets.values()].map((file) => [file.name, file] as const))('data set %s', (_, file) => {
  describe('facts', () => factsContract(file));
  describe('reading', () => readingContract(file));
});
