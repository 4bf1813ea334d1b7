import { type Coverage, coverage, inventoryWaiting, spaceName, withoutRecords } from '../../collector/port.ts';
import { print, printJson, table } from '../output.ts';
import { lookAtOutbox } from './look.ts';

const AGAINST = {
  count: 'Qualys’s count',
  ids: 'Qualys’s list of ids',
  reading: 'the reading itself',
} as const;

/** How complete each data set is, against what Qualys says, and how far the inventory has come with it. */
export async function inventoryStatus(options: { config?: string; json?: boolean }): Promise<number> {
  const box = await lookAtOutbox(options.config);
  try {
    const without = await withoutRecords(box);
    const items = (await coverage(box)).map((one) => ({ ...one, withoutRecords: without.get(spaceName(one)) ?? 0 }));
    const folding = await inventoryWaiting(box);
    if (options.json === true) {
      await printJson({ ...folding, datasets: items.map(shown) });
      return 0;
    }
    const rows = items.map((one) => [
      `${one.connection}/${one.dataset}`,
      count(one.have),
      howComplete(one),
      one.by === undefined ? '-' : AGAINST[one.by],
      one.asOf === undefined ? '-' : new Date(one.asOf).toISOString(),
    ]);
    await print(table(['STREAM', 'HAVE', 'COMPLETE', 'AGAINST', 'AS OF'], rows));
    await print(`${count(folding.waiting)} events wait to be folded, ${count(folding.refused)} were refused\n`);
    for (const { connection, dataset, withoutRecords: missing } of items)
      if (missing > 0)
        await print(
          `${connection}/${dataset}: ${count(missing)} objects came with an import of state, without their records. ` +
            `They come as Qualys changes them, or at once after: quarry state reset ${connection}/${dataset}\n`,
        );
    return 0;
  } finally {
    await box.close();
  }
}

const count = (n: number): string => n.toLocaleString('en-US');

/** `12,403 of 12,403, 3 quarantined`. */
function howComplete({ read, qualys, quarantined, held }: Coverage): string {
  const parts = read === undefined || qualys === undefined ? ['not read yet'] : [`${count(read)} of ${count(qualys)}`];
  if (quarantined > 0) parts.push(`${count(quarantined)} quarantined`);
  if (held !== undefined) parts.push(`a reading that lacks ${count(held)} is held`);
  return parts.join(', ');
}

const shown = ({ asOf, inInventory, withoutRecords: missing, ...one }: Coverage & { withoutRecords: number }) => ({
  ...one,
  as_of: asOf === undefined ? undefined : new Date(asOf).toISOString(),
  in_inventory: inInventory,
  without_records: missing,
});
