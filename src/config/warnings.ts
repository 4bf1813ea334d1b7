import { type Config, whereIs } from './config.ts';
import type { Parts } from './schema.ts';

/** What is no error and may yet surprise: sentences that begin with their place in the file. */
export function warningsOf(config: Config, { datasets }: Pick<Parts, 'datasets'>): string[] {
  const said = config.devo?.warnings ?? [];
  const tagged = [...config.connections.values()].flatMap(({ id, tagsInclude, datasets: own }) => {
    if (tagsInclude === undefined) return [];
    const whole = [...own.values()]
      .filter(({ name, enabled }) => enabled && !('tags_include' in datasets.get(name)!.options.shape))
      .map(({ name }) => name);
    if (whole.length === 0) return [];
    const where = whereIs(config, `connections.${id}.tags_include`);
    return [`${where}: these data sets cannot be asked for by tag name and are read whole: ${whole.join(', ')}`];
  });
  return [...said, ...tagged, ...hasty(config, datasets)];
}

const DAY_MS = 86_400_000;
/** What the inventory makes devices and users of. */
const READ_FROM = { devices: ['host_list', 'host_assets', 'assets'], users: ['users'] } as const;
const THRESHOLDS = {
  ignoreNotSeen: 'ignore_not_seen',
  deleteNotReturned: 'delete_not_returned',
  deleteNotReturnedBySuccess: 'delete_not_returned_by_success',
} as const;

/** Thresholds shorter than the time between two full readings: what is there would go and come. */
function hasty(config: Config, datasets: Parts['datasets']): string[] {
  return (['devices', 'users'] as const).flatMap((kind) => {
    const periods = [...config.connections.values()].flatMap((connection) =>
      READ_FROM[kind].flatMap((name) => {
        const own = connection.datasets.get(name);
        if (own?.enabled !== true) return [];
        // What has no full readings of its own is read whole each time.
        const usual = datasets.get(name)?.schedule;
        const period = own.sweepFull ?? usual?.sweepFull ?? own.every ?? usual?.every;
        return typeof period === 'number' ? [period] : [];
      }),
    );
    const longest = Math.max(0, ...periods);
    return Object.entries(THRESHOLDS).flatMap(([key, name]) => {
      const threshold = config.inventory[kind][key as keyof typeof THRESHOLDS];
      if (threshold === undefined || threshold >= longest) return [];
      const where = whereIs(config, `inventory.${name}.${kind}`);
      return [
        `${where}: shorter than the time between two full readings (${Math.round((10 * longest) / DAY_MS) / 10} days): ${kind} that are there would go and come`,
      ];
    });
  });
}
