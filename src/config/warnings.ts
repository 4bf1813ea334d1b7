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
  return [...said, ...tagged];
}
