import { datasets, presets, sinks } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { type LoadOptions, loadConfig } from '../../config/load.ts';

/**
 * The configuration a command runs with: found, read and checked, with the connections that are kept elsewhere. Throws
 * what is wrong with it.
 */
export function configuration(file: string | undefined, stored?: LoadOptions['stored']): Config {
  return loadConfig({ file, env: process.env, cwd: process.cwd(), datasets, sinks, presets, stored });
}

/** The demo's own configuration: nothing of the environment may lead it to the data of a real collector. */
export function demoConfiguration(text: string, stored?: LoadOptions['stored']): Config {
  const env = { QUARRY_LOG_FORMAT: process.env['QUARRY_LOG_FORMAT'] };
  return loadConfig({ text, env, cwd: process.cwd(), datasets, sinks, presets, stored });
}
