import { expect, it } from 'vitest';
import { QuarryError } from '../core/errors.ts';
import type { LiveState } from './controls.ts';
import { statusOf } from './status.ts';

const error = new QuarryError('QRY2001', { what: 'no answer' });
const pulling: LiveState = { kind: 'pulling', since: 1, mode: 'full', because: 'it is due' };
const waiting: LiveState = { kind: 'waiting', until: 9, mode: 'full', because: 'the interval has passed' };
const failed = (until: number): LiveState => ({ kind: 'failed', until, error });
const stopped: LiveState = { kind: 'stopped', since: 5, error };
const of = (...states: LiveState[]) =>
  statusOf(
    states.map((state) => ({ state })),
    undefined,
    false,
  );

it('[M22] [M25] [S43] a connection is described by one word of a closed list, the worst of its streams', () => {
  expect(of()).toEqual({ word: 'active' });
  expect(of(waiting)).toEqual({ word: 'active' });
  expect(of(waiting, pulling)).toEqual({ word: 'running', why: 'it is due' });
  expect(of(pulling, failed(8), failed(7))).toEqual({ word: 'temporary failure', until: 7, why: 'no answer', error });
  expect(of(failed(8), stopped, pulling)).toEqual({ word: 'stopped', since: 5, why: 'no answer', error });
});

it('waits only while it has something to pull, and says why and until when', () => {
  const waits = { until: 77, because: '300 calls an hour' };
  expect(statusOf([{ state: pulling }], waits, false)).toEqual({
    word: 'waiting',
    why: '300 calls an hour',
    until: 77,
  });
  expect(statusOf([{ state: waiting }], waits, false)).toEqual({ word: 'active' });
  expect(statusOf([{ state: stopped }], waits, true)).toEqual({ word: 'paused' });
});
