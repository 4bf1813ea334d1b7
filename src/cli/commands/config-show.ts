import { datasets } from '../../collector/port.ts';
import { settings } from '../../config/origins.ts';
import { print, printJson, table } from '../output.ts';
import { configuration } from './configuration.ts';

/** Every value in force with where it comes from. Secrets stay what they are. */
export async function showConfig(options: { config?: string; json?: boolean }): Promise<number> {
  const config = configuration(options.config);
  const all = settings(config, { env: process.env, datasets });
  if (options.json === true) {
    await printJson({ file: config.file, settings: all });
    return 0;
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  await print(
    table(
      ['SETTING', 'VALUE', 'FROM'],
      all.map(({ path, value, origin }) => [path, text(value), origin]),
    ),
  );
  return 0;
}
