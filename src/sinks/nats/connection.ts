import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type * as jetstream from '@nats-io/jetstream';
import type * as transport from '@nats-io/transport-node';
import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';

export type Libraries = Pick<typeof transport, 'connect' | 'credsAuthenticator' | 'headers'> &
  Pick<typeof jetstream, 'jetstream' | 'jetstreamManager'>;

export interface Access {
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly token?: Secret | undefined;
  readonly creds?: string | undefined;
  readonly tls?:
    | { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined;
  /** Seconds. */
  readonly timeout: number;
}

export interface Connection {
  readonly client: jetstream.JetStreamClient;
  manager(): Promise<jetstream.JetStreamManager>;
  /** Bytes a message may have, headers included. */
  readonly maxPayload: number;
  readonly usable: boolean;
  /** Rejects when the connection is lost; until then it waits. */
  readonly lost: Promise<never>;
  /** What the server said without being asked, as it does about permissions; the last of it. */
  readonly complaint: string | undefined;
  close(): Promise<void>;
}

/** Signs in. Throws QRY5042 when that does not succeed, QRY5001 when a file cannot be read. */
export async function openConnection(access: Access, baseDir: string, libraries: Libraries): Promise<Connection> {
  const path = (file: string): string => resolve(baseDir, file);
  const { user, password, token, creds } = access;
  // The library takes tls:// for an address like any other, and would send passwords in the clear.
  const tls = access.tls ?? (access.servers.some((server) => server.startsWith('tls://')) ? {} : undefined);
  const credentials = creds === undefined ? undefined : await readFile(path(creds)).catch(unreadable(path(creds)));
  for (const file of [tls?.ca, tls?.cert, tls?.key])
    if (file !== undefined) await readFile(path(file)).catch(unreadable(path(file)));
  const connection = await libraries
    .connect({
      name: 'quarry',
      servers: [...access.servers],
      // A lost connection ends the write; the next one signs in again.
      reconnect: false,
      timeout: 10_000,
      pingInterval: 20_000,
      ...(user !== undefined && { user }),
      ...(password !== undefined && { pass: reveal(password) }),
      ...(token !== undefined && { token: reveal(token) }),
      ...(credentials !== undefined && { authenticator: libraries.credsAuthenticator(credentials) }),
      ...(tls !== undefined && {
        tls: {
          ...(tls.ca !== undefined && { caFile: path(tls.ca) }),
          ...(tls.cert !== undefined && { certFile: path(tls.cert) }),
          ...(tls.key !== undefined && { keyFile: path(tls.key) }),
        },
      }),
    })
    .catch((error: unknown) => {
      throw new QuarryError('QRY5042', { what: `${access.servers.join(', ')}: ${said(error)}`, cause: error });
    });
  let complaint: string | undefined;
  const listen = async (): Promise<void> => {
    for await (const status of connection.status()) if (status.type === 'error') complaint = status.error.message;
  };
  listen().catch(() => {});
  const lost = connection.closed().then((error) => {
    throw new QuarryError('QRY5042', { what: `the connection was lost${error ? `: ${error.message}` : ''}` });
  });
  lost.catch(() => {});
  const options = { timeout: access.timeout * 1000 };
  return {
    client: libraries.jetstream(connection, options),
    manager: () => libraries.jetstreamManager(connection, { ...options, checkAPI: false }),
    maxPayload: connection.info?.max_payload ?? 1 << 20,
    get usable() {
      return !connection.isClosed();
    },
    lost,
    get complaint() {
      return complaint;
    },
    close: () => connection.close().catch(() => {}),
  };
}

const unreadable = (where: string) => (error: unknown) => {
  throw new QuarryError('QRY5001', { what: said(error), where, cause: error });
};

export const said = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));
