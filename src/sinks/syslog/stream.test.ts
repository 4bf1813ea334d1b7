import { expect, it } from 'vitest';
import { batchOf, payloads } from '../../../test/support/batches.ts';
import { fakeSyslog } from '../../../test/support/fake-syslog.ts';
import { rfc3164 } from './messages.ts';
import { streamSink } from './stream.ts';

it('ends a connection when its time is up, and goes on with another', async () => {
  const fake = await fakeSyslog({
    form: 'rfc3164',
    framing: 'newline',
    open: async (port) =>
      streamSink({
        receiver: { address: '127.0.0.1', port, settleMs: 0, timeoutMs: 10_000, awaitEnd: true },
        form: {
          header: rfc3164({ priority: 14, hostname: 'h', app: 'a' }),
          end: '\n',
          counted: false,
          longest: 1 << 20,
        },
        senders: 1,
        epochMs: 0,
      }),
  });
  const sink = await fake.open();
  const batch = batchOf('b', payloads('b', 30, 'x'.repeat(30_000)));
  expect(await sink.write([batch], new AbortController().signal)).toEqual(['delivered']);
  // 900 kB in pieces of at least 256 KiB.
  expect(fake.connections()).toBe(4);
  expect(await fake.received()).toHaveLength(30);
  await fake.stop();
});
