import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { DAY, startRig } from '../../../test/support/rig.ts';
import { openOutbox } from '../port.ts';

it('old keys that another stream has forgotten do not make a failure of a pull that is complete', async () => {
  const rig = await startRig({ datasets: { user_activity: { every: '1h' } } });
  try {
    await rig.run();
    // As though each key was gone when its turn came.
    const outbox = await openOutbox({ dataDir: join(rig.dir, 'data') }, rig.clock.now());
    await sql`CREATE TRIGGER gone BEFORE DELETE ON known_key BEGIN SELECT RAISE(IGNORE); END`.execute(outbox.store.db);
    await outbox.close();
    rig.pass(5 * DAY);
    const { reports, stopped } = await rig.run();
    expect(rig.logged).toContainEqual(
      expect.objectContaining({ msg: 'old keys could not be forgotten', code: 'QRY4011' }),
    );
    expect(reports.map(({ outcome, error }) => [outcome, error])).toEqual([['complete', undefined]]);
    expect(stopped.size).toBe(0);
  } finally {
    await rig.close();
  }
});
