import { expect, it } from 'vitest';
import type { PullMode } from '../../core/checkpoint.ts';
import type { Stream } from '../stream.ts';
import { asking } from './asking.ts';

/** The priority a call of a pull is made with. */
async function priorityOf(mode: PullMode): Promise<number> {
  let given = Number.NaN;
  const fetch: Stream['fetch'] = async (_call, _makeReader, hooks) => {
    given = hooks.priority ?? 0;
    hooks.onSlot?.(7);
    return { end: { root: '', envelope: {}, outer: 0, records: 0, bytes: 0 }, bytes: 0 };
  };
  const { stream, asked } = asking({ fetch } as Stream, mode, new AbortController().signal);
  const hooks = { signal: new AbortController().signal, expectRoot: '' };
  await stream.fetch(
    { api: 'a', path: '/', method: 'GET', params: {} },
    () => ({ write: () => {}, end: never }),
    hooks,
  );
  expect(asked).toEqual({ requests: 1, waitedMs: 7 });
  return given;
}
const never = (): never => {
  throw new Error('no reader is made');
};

it('logs and changes go before sweeps, sweeps before back-fill', async () => {
  const [changes, full, ids, history] = [
    await priorityOf('incremental'),
    await priorityOf('full'),
    await priorityOf('ids'),
    await priorityOf('backfill'),
  ];
  expect(changes).toBeGreaterThan(full);
  expect(full).toBe(ids);
  expect(ids).toBeGreaterThan(history);
});
