import { join } from 'node:path';
import { type Accounts, openAccounts } from '../accounts/accounts.ts';
import { storedSections } from '../accounts/connections.ts';
import { newFirstLink, nobodyYet } from '../accounts/first-run.ts';
import { startServer } from '../api/server.ts';
import type { Service } from '../collector/port.ts';
import type { Config } from '../config/config.ts';
import type { Address } from '../config/fields.ts';
import { systemClock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { reveal } from '../core/secret.ts';

/** Where the built page stands: beside the sources in a clone, beside the built code in the package. */
const WEB_DIR = join(import.meta.dirname, '..', '..', 'dist', 'web');

export interface Serving {
  readonly accounts: Accounts;
  /** Connections made through the page, as `loadConfig` takes them. */
  stored(): Promise<Record<string, Readonly<Record<string, unknown>>>>;
  /** What `collect` is given: starts the server over a collector, and answers how to stop it. */
  readonly serve: ((service: Service, log: Log) => Promise<() => Promise<void>>) | undefined;
  close(): Promise<void>;
}

export interface ServingOptions {
  readonly config: Config;
  /** Undefined: no server, only the connections made through its page. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** The configuration with these stored connections. Throws what is wrong with it. */
  readonly load: (stored: Record<string, Readonly<Record<string, unknown>>>) => Config;
  /** The demo: connections may lead to this machine, and its administrator needs no password. */
  readonly demo: boolean;
}

/** Opens what the server needs besides the collector: people, sessions, stored connections. Throws QRY40xx, QRY801x. */
export async function openServing({ config, listen, load, demo }: ServingOptions): Promise<Serving> {
  const databaseUrl = config.databaseUrl === undefined ? undefined : reveal(config.databaseUrl);
  const location = { dataDir: config.dataDir, databaseUrl, env: process.env };
  const accounts = await openAccounts(location, systemClock.now(), listen !== undefined);
  return {
    accounts,
    stored: () => storedSections(accounts.store, accounts.keys),
    serve: listen === undefined ? undefined : (service, log) => start(service, log, listen),
    close: () => accounts.close(),
  };

  async function start(service: Service, log: Log, listen: Address): Promise<() => Promise<void>> {
    if (accounts.from.made)
      log.warn('a key for stored secrets was made; keep a copy of it apart from the data', {
        file: accounts.from.from,
      });
    const server = await startServer({
      listen,
      log,
      webDir: WEB_DIR,
      api: { service, accounts, load, privateAddresses: demo },
    });
    const first = demo || (await nobodyYet(accounts.store));
    const link = first
      ? `${server.url}#/first/${reveal(await newFirstLink(accounts.store, systemClock.now()))}`
      : server.url;
    if (first && !demo)
      log.info('nobody may sign in yet: this link makes the first administrator, once', { url: link });
    else log.info('the page answers', { url: link });
    return () => server.close();
  }
}
