import type { Config } from '../../config/config.ts';
import type { Clock } from '../../core/clock.ts';
import { QuarryError } from '../../core/errors.ts';
import { datasets } from '../../datasets/registry.gen.ts';
import { absentKeys, type HeldSweep, listHeld } from '../../outbox/held-sweeps.ts';
import { idMaker } from '../../outbox/identity.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { concludeSweep, type SweepResult } from '../../outbox/sweep.ts';
import { keyParts, keyRecord } from '../../pipeline/key.ts';
import { takes } from '../deliver/routing.ts';
import { feedsInventory, INVENTORY } from './consumer.ts';

/**
 * A person's word that what a held sweep found absent is gone: it is removed, as a second sweep would have it. Works
 * beside the stream's own loop: keys that were written since are left alone, and a claim in between ends it (QRY4010).
 * Throws QRY8003 where the sweep is not held (any more).
 */
export async function confirmSweep(outbox: Outbox, config: Config, clock: Clock, sweep: number): Promise<SweepResult> {
  const held = (await listHeld(outbox.store)).find(({ id }) => id === sweep);
  const facts = held === undefined ? undefined : datasets.get(held.dataset);
  if (held === undefined || facts === undefined)
    throw new QuarryError('QRY8003', { what: `Sweep ${sweep} is not held.`, where: String(sweep) });
  const {
    id: stream,
    keyspace,
    fence,
  } = await outbox.store.db
    .selectFrom('stream')
    .select(['id', 'keyspace', 'fence'])
    .where('id', '=', held.stream)
    .executeTakeFirstOrThrow();
  const sinks = [...config.sinks.values()].filter(({ enabled, name }) => enabled && takes(config, name, held));
  return await concludeSweep(
    outbox,
    {
      claim: { stream, keyspace, fence },
      pull: held.started,
      id: idMaker(held.tenant, held.subscription, held.dataset),
      keyParts: (lead, key) => keyParts(facts, { lead, key }),
      keyRecord: (parts) => keyRecord(facts, parts),
      sinks: [...sinks.map(({ name }) => name), ...(feedsInventory(held) ? [INVENTORY] : [])],
      now: () => clock.now(),
    },
    sweep,
    held.reason,
    true,
  );
}

/** A held sweep with the keys of some objects it found absent. */
export interface HeldSweepShown extends HeldSweep {
  readonly sample: readonly (readonly string[])[];
}

const SAMPLE = 10;

export async function heldSweeps(outbox: Outbox): Promise<HeldSweepShown[]> {
  const held = await listHeld(outbox.store);
  return await Promise.all(
    held.map(async (sweep) => {
      const facts = datasets.get(sweep.dataset);
      const keys = await absentKeys(outbox.store, sweep.id, SAMPLE);
      return { ...sweep, sample: facts === undefined ? [] : keys.map((row) => keyParts(facts, row)) };
    }),
  );
}
