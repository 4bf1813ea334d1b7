import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import type pg from 'pg';
import type { from } from 'pg-copy-streams';
import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';
import { MAKE_STAGE, STAGE } from './sql.ts';

export interface Libraries {
  readonly pg: typeof pg;
  readonly copy: typeof from;
}

export interface Access {
  readonly url: Secret;
  readonly password?: Secret | undefined;
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly verify: boolean;
      }
    | undefined;
  /** Seconds. */
  readonly timeout: number;
}

export interface Session {
  run(sql: string): Promise<unknown>;
  /** Rows in the text form of COPY into the staging table. */
  stage(rows: Buffer): Promise<void>;
  readonly usable: boolean;
  /** Cuts the connection; what was under way is not known. */
  drop(): void;
  end(): Promise<void>;
}

/** Signs in. Throws QRY5042 when that does not succeed, QRY5001 when a file of `tls` cannot be read. */
export async function openSession(access: Access, baseDir: string, { pg, copy }: Libraries): Promise<Session> {
  const socket = new Socket();
  const client = clientOf(pg, {
    connectionString: reveal(access.url),
    ...(access.password && { password: reveal(access.password) }),
    ...(access.tls && { ssl: await tlsOf(access.tls, baseDir) }),
    application_name: 'quarry',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    stream: () => socket,
  });
  let usable = true;
  const drop = (): void => {
    usable = false;
    socket.destroy();
  };
  client.on('error', drop);
  client.on('end', () => {
    usable = false;
  });
  try {
    await client.connect();
    await client.query(MAKE_STAGE);
  } catch (error) {
    drop();
    throw failure(error);
  }
  return {
    run: (sql) => client.query(sql),
    stage: (rows) =>
      new Promise((resolve, reject) => {
        const stream = client.query(copy(`COPY ${STAGE} FROM STDIN`));
        stream.once('error', reject);
        stream.once('finish', () => resolve());
        stream.end(rows);
      }),
    get usable() {
      return usable;
    },
    drop,
    end: async () => {
      if (usable) await client.end().catch(() => {});
      drop();
    },
  };
}

/** A client; what is wrong with an address is said without the address, which may hold a password. */
function clientOf(library: typeof pg, options: pg.ClientConfig): pg.Client {
  try {
    return new library.Client(options);
  } catch {
    throw new QuarryError('QRY5042', { what: 'url is not an address of PostgreSQL' });
  }
}

async function tlsOf({ ca, cert, key, verify }: NonNullable<Access['tls']>, baseDir: string) {
  const read = async (path: string | undefined): Promise<string | undefined> => {
    if (path === undefined) return undefined;
    const where = resolve(baseDir, path);
    return readFile(where, 'utf8').catch((error: unknown) => {
      const what = error instanceof Error ? error.message : String(error);
      throw new QuarryError('QRY5001', { what, where, cause: error });
    });
  };
  const [caText, certText, keyText] = await Promise.all([ca, cert, key].map(read));
  return {
    rejectUnauthorized: verify,
    ...(caText !== undefined && { ca: caText }),
    ...(certText !== undefined && { cert: certText }),
    ...(keyText !== undefined && { key: keyText }),
  };
}

/** PostgreSQL's SQLSTATE, where the server has answered. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as Error) ? code : undefined;
}

/** A failure as an error that says what happens next. */
export function failure(error: unknown): QuarryError {
  if (error instanceof QuarryError) return error;
  const state = sqlState(error);
  const what = error instanceof Error ? error.message || error.name : String(error);
  // Classes 3D, 3F, 42: a database, schema, table or permission that is not as needed.
  const wrong = state !== undefined && /^(3D|3F|42)/.test(state);
  return new QuarryError(wrong ? 'QRY5043' : 'QRY5042', {
    what: state === undefined ? what : `${what} (${state})`,
    cause: error,
  });
}
