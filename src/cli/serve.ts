import { join } from 'node:path';
import { type Accounts, openAccounts } from '../accounts/accounts.ts';
import { newFirstLink, nobodyYet } from '../accounts/first-run.ts';
import { type RunningServer, startServer } from '../api/server.ts';
import { createMetrics } from '../collector/metrics/metrics.ts';
import type { Outbox, Service } from '../collector/port.ts';
import type { Config } from '../config/config.ts';
import type { Address } from '../config/fields.ts';
import { systemClock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { reveal } from '../core/secret.ts';
import { locationOf } from './commands/configuration.ts';
import { openLook } from './commands/look.ts';

/** Where the built page stands: beside the sources in a clone, beside the built code in the package. */
const WEB_DIR = join(import.meta.dirname, '..', '..', 'dist', 'web');

export interface ServeOptions {
  readonly listen: Address;
  /** The configuration with these stored connections. Throws what is wrong with it. */
  readonly load: (stored: Record<string, Readonly<Record<string, unknown>>>) => Config;
  /** The demo: connections may lead to this machine, and its administrator needs no password. */
  readonly demo: boolean;
}

/** What `collect` is given: opens the server and its people over a collector, and answers how to close them. */
export type Serve = (service: Service, log: Log) => Promise<() => Promise<void>>;

/** Throws QRY6010 when the address is taken, QRY40xx for the database, QRY801x for the key of stored secrets. */
export const serving =
  (options: ServeOptions): Serve =>
  async (service, log) => {
    const accounts = await openAccounts(locationOf(service.config()), systemClock.now());
    let look: Outbox | undefined;
    let server: RunningServer | undefined;
    try {
      if (accounts.from.made)
        log.warn('a key for stored secrets was made; keep a copy of it apart from the data', {
          file: accounts.from.from,
        });
      look = await openLook(service.config());
      const { listen, load, demo } = options;
      const { server: configured } = service.config();
      const oidc = configured === false ? undefined : configured.oidc;
      const api = { service, accounts, look, load, oidc, demo, metrics: createMetrics(service) };
      server = await startServer({ listen, log, webDir: WEB_DIR, api });
      await greet(server.url, accounts, demo, log);
    } catch (error) {
      await server?.close();
      await look?.close();
      await accounts.close();
      throw error;
    }
    const { close } = server;
    const { close: stopLooking } = look;
    return async () => {
      await close();
      await stopLooking();
      await accounts.close();
    };
  };

/** Says where the page is; while nobody may sign in, by a link that lets in once. */
async function greet(url: string, { store }: Accounts, demo: boolean, log: Log): Promise<void> {
  const first = demo || (await nobodyYet(store));
  const link = first ? `${url}#/first/${reveal(await newFirstLink(store, systemClock.now()))}` : url;
  const text =
    first && !demo ? 'nobody may sign in yet: this link makes the first administrator, once' : 'the page answers';
  log.info(text, { url: link });
}
