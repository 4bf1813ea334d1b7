/**
 * Objects of a pull that could not be read, where each is read on its own (a scan's results, a policy's posture). The
 * pull ends without them, so that the stream goes on: nothing is concluded about their records, they are not noted as
 * read, and what is listed by time is listed from theirs on again. So the next pull meets them once more.
 */
import type { OpenPull } from '../../core/checkpoint.ts';
import type { Outbox } from '../../outbox/outbox.ts';

/** The pull as it ends without these objects: known by name no more, and `listedByTime` from theirs on again. */
export function without(pull: OpenPull, unread: readonly string[], listedByTime: boolean): OpenPull {
  if (unread.length === 0 || pull.parts === undefined) return pull;
  const parts = Object.entries(pull.parts);
  const times = listedByTime ? parts.filter(([part]) => unread.includes(part)).map(([, time]) => time) : [];
  const unfinished = [...times, ...(pull.unfinished === undefined ? [] : [pull.unfinished])].toSorted()[0];
  return {
    ...pull,
    parts: Object.fromEntries(parts.filter(([part]) => !unread.includes(part))),
    ...(unfinished === undefined ? {} : { unfinished }),
  };
}

/** What a sweep did not see of these objects is not absent: it was not looked for. */
export async function spare(outbox: Outbox, sweep: number, unread: readonly string[]): Promise<void> {
  for (const part of unread)
    await outbox.store.db
      .deleteFrom('absence')
      .where('sweep', '=', sweep)
      // The object is the key's first part, and a tab ends it.
      .where('key', '>=', `${part}\t`)
      .where('key', '<', `${part}\n`)
      .execute();
}
