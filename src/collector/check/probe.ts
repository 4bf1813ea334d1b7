import { qualysTime } from '../../core/clock.ts';
import type { Call, Dataset } from '../../core/dataset.ts';

/** How far back a probe asks where only time bounds an answer: little is there, and the right to read it is the same. */
const RECENT_MS = 3_600_000;

/** The cheapest call that proves a data set can be read: its own probe, else the first page of one object. */
export function probeCall(facts: Dataset, options: unknown, now = Date.now(), backMs = RECENT_MS): Call {
  if (facts.probe !== undefined) return facts.probe(options);
  const { paging } = facts;
  if (paging.by === 'id') return facts.records(options, { pageSize: 1, range: { first: 1, last: null } });
  const since = qualysTime(now - backMs);
  if (paging.parts !== undefined) return paging.parts.list(options, { pageSize: 1, since });
  const [step] = paging.begin(options, { since, now: qualysTime(now) });
  return facts.records(options, { pageSize: 1, since, ...(step === undefined ? {} : { step }) });
}
