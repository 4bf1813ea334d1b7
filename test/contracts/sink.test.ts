import { fakeDestination } from '../support/fake-sink.ts';
import { sinkContract } from './sink.ts';

const seed = Date.now() % 1_000_000;

/** A small generator of chance, so that a failure can be repeated with its seed. */
function chance(from: number): () => number {
  let state = from;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

sinkContract({
  title: `a strict FAKE sink (seed ${seed})`,
  guarantee: 'effectively once',
  can: ['transient', 'refuse', 'busy', 'random', 'slow', 'mute', 'small'],
  start: () => fakeDestination(chance(seed)),
});
