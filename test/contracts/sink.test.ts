import { chanceFrom } from '../support/chance.ts';
import { fakeDestination } from '../support/fake-sink.ts';
import { sinkContract } from './sink.ts';

const seed = Date.now() % 1_000_000;

sinkContract({
  title: `a strict FAKE sink (seed ${seed})`,
  guarantee: 'effectively once',
  can: ['transient', 'refuse', 'busy', 'random', 'slow', 'mute', 'small'],
  start: () => fakeDestination(chanceFrom(seed)),
});
