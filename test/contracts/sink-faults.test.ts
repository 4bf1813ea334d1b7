import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Faults that sinks and delivery are to survive, by the numbers tests name them with: `[fault 65]`. */
const FAULTS: Readonly<Record<number, string>> = {
  4: 'killed after the commit, before anything was sent',
  5: 'killed after the sink applied it, before that was written down',
  10: 'a flipped bit in a stored batch',
  23: 'told to stop while a sink is slow',
  65: 'one event the destination refuses',
  66: 'one reply with mixed results',
  67: 'a reply for another number of events, or in another order',
  68: 'the destination has the event already',
  69: 'too large together, too large alone',
  70: 'applied, and the reply lost',
  71: 'a sink down for days',
  72: 'a sink slower than the source',
  73: 'one dead sink among several',
  74: 'all that waited, at a sink that has just come back',
  75: 'a syslog receiver killed',
  76: 'a client certificate that is missing',
  77: 'a connection open on one side only',
  78: 'a message over the limit of the receiver',
  79: 'a line feed inside a syslog field',
  80: 'Kafka: broker away, too few replicas, message too large',
  81: 'NATS: again after the duplicate window',
  82: 'S3: a part fails, killed before the end, 412',
  83: 'files: killed in the middle of a line or of a rotation',
  84: 'HEC: 200 without an acknowledgement',
  85: 'ClickHouse: again with other boundaries',
  86: 'a server certificate that is expired, for another name, or of nobody known',
  87: 'an authority of one’s own, replaced on disk',
  88: 'a proxy that refuses',
  90: 'a webhook to an address that is not for it',
  97: 'counters that do not add up',
  98: 'the fault is over',
};

/** Faults without a test, and why. */
const WITHOUT: Readonly<Record<number, string>> = {
  85: 'there is no ClickHouse sink',
};

function named(): Set<number> {
  const root = join(import.meta.dirname, '../..');
  const files = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(root, folder, file)),
  );
  const tests = files.filter((file) => file.endsWith('.test.ts') || file === join(import.meta.dirname, 'sink.ts'));
  const found = new Set<number>();
  for (const file of tests.filter((one) => one !== import.meta.filename))
    for (const [, numbers] of readFileSync(file, 'utf8').matchAll(/\[fault ((?:\d+)(?:, \d+)*)\]/g))
      for (const number of numbers!.split(', ')) found.add(Number(number));
  return found;
}

test('every fault that sinks are to survive is named by a test, or has a reason why not', () => {
  const tested = named();
  const missing = Object.entries(FAULTS).filter(([number]) => !tested.has(Number(number)) && !(number in WITHOUT));
  expect(missing).toEqual([]);
  expect(Object.keys(WITHOUT).filter((number) => tested.has(Number(number)))).toEqual([]);
});
