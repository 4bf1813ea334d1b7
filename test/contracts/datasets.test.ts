import { describe } from 'vitest';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { factsContract, readingContract } from './dataset.ts';

/** Every data set there is; a new one is held to the same rules without a word here. How they are read: `whole-*.test.ts`. */
describe.each([...datasets.values()].map((file) => [file.name, file] as const))('data set %s', (_, file) => {
  describe('facts', () => factsContract(file));
  // Hosts come in such numbers that how they are read is tried further.
  if (file.name.startsWith('host_list')) describe('ranges', () => readingContract(file));
});
