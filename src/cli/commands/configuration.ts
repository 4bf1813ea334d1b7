import { datasets, sinks } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';

/** The configuration a command runs with: found, read and checked. Throws what is wrong with it. */
export function configuration(file: string | undefined, text?: string): Config {
  return loadConfig({ file, text, env: process.env, cwd: process.cwd(), datasets, sinks });
}
