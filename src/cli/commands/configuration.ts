import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openAccounts } from '../../accounts/accounts.ts';
import { storedSections } from '../../accounts/connections.ts';
import { datasets, presets, sinks } from '../../collector/port.ts';
import type { Config } from '../../config/config.ts';
import { type LoadOptions, loadConfig } from '../../config/load.ts';
import { reveal } from '../../core/secret.ts';

/**
 * The configuration a command runs with: found, read and checked. It may have no connection: the page can add them.
 * Throws what is wrong with it.
 */
export const configuration = (file: string | undefined, stored: LoadOptions['stored'] = {}): Config =>
  load(file, stored);

/**
 * The same with the connections made through the page; without `mayBeNone` there must be one at least. Throws what is
 * wrong with it, QRY801x where a stored secret cannot be opened.
 */
export async function wholeConfiguration(file: string | undefined, mayBeNone = false): Promise<Config> {
  const found = await storedConnections(configuration(file));
  return load(file, Object.keys(found).length === 0 && !mayBeNone ? undefined : found);
}

const load = (file: string | undefined, stored: LoadOptions['stored']): Config =>
  loadConfig({ file, env: process.env, cwd: process.cwd(), datasets, sinks, presets, stored });

/** Connections made through the page, as `loadConfig` takes them. */
export async function storedConnections(config: Config): Promise<NonNullable<LoadOptions['stored']>> {
  // A command that only looks makes no database.
  if (config.databaseUrl === undefined && !existsSync(join(config.dataDir, 'quarry.db'))) return {};
  const accounts = await openAccounts(locationOf(config), Date.now(), false);
  try {
    return await storedSections(accounts.store, accounts.keys);
  } finally {
    await accounts.close();
  }
}

/** Where people and what they keep are. */
export const locationOf = ({ dataDir, databaseUrl }: Config) => ({
  dataDir,
  databaseUrl: databaseUrl === undefined ? undefined : reveal(databaseUrl),
  env: process.env,
});

/** The demo's own configuration: nothing of the environment may lead it to the data of a real collector. */
export function demoConfiguration(text: string, stored?: LoadOptions['stored']): Config {
  const env = { QUARRY_LOG_FORMAT: process.env['QUARRY_LOG_FORMAT'] };
  return loadConfig({ text, env, cwd: process.cwd(), datasets, sinks, presets, stored });
}
