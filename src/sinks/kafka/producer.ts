import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type * as kafka from '@platformatic/kafka';
import { QuarryError } from '../../core/errors.ts';
import { reveal, type Secret } from '../../core/secret.ts';

export interface Access {
  readonly brokers: readonly string[];
  readonly create_topics: boolean;
  readonly idempotent: boolean;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly verify: boolean;
      }
    | undefined;
  readonly sasl?:
    | {
        readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';
        readonly username?: string | undefined;
        readonly password?: Secret | undefined;
        readonly token?: Secret | undefined;
      }
    | undefined;
  /** Seconds. */
  readonly timeout: number;
}

export type Producer = kafka.Producer<Buffer, Buffer, Buffer, Buffer>;

/** A producer that has not connected yet. Throws QRY5001 when a file of `tls` cannot be read. */
export async function makeProducer(access: Access, baseDir: string, library: typeof kafka): Promise<Producer> {
  const { sasl, tls } = access;
  const timeout = access.timeout * 1000;
  const producer = new library.Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'quarry',
    bootstrapBrokers: [...access.brokers],
    acks: library.ProduceAcks.ALL,
    idempotent: access.idempotent,
    // Kafka's spelling of "none yet": with what the library sends by default a strict broker looks for the producer 0.
    producerId: -1n,
    producerEpoch: -1,
    compression: access.compression,
    autocreateTopics: access.create_topics,
    timeout,
    requestTimeout: timeout,
    connectTimeout: Math.min(10_000, timeout),
    // A blip is bridged here; whatever lasts longer is for the collector.
    retries: 2,
    retryDelay: 200,
    ...(tls && { tls: await tlsOf(tls, baseDir) }),
    ...(sasl && {
      sasl: {
        mechanism: sasl.mechanism,
        ...(sasl.username !== undefined && { username: sasl.username }),
        ...(sasl.password !== undefined && { password: reveal(sasl.password) }),
        ...(sasl.token !== undefined && { token: reveal(sasl.token) }),
      },
    }),
  });
  return producer;
}

async function tlsOf({ ca, cert, key, verify }: NonNullable<Access['tls']>, baseDir: string) {
  const read = async (path: string | undefined): Promise<Buffer | undefined> => {
    if (path === undefined) return undefined;
    const where = resolve(baseDir, path);
    return readFile(where).catch((error: unknown) => {
      throw new QuarryError('QRY5001', { what: error instanceof Error ? error.message : String(error), where });
    });
  };
  const [caBytes, certBytes, keyBytes] = await Promise.all([ca, cert, key].map(read));
  return {
    rejectUnauthorized: verify,
    ...(caBytes !== undefined && { ca: caBytes }),
    ...(certBytes !== undefined && { cert: certBytes }),
    ...(keyBytes !== undefined && { key: keyBytes }),
  };
}

/** What the broker answered, by Kafka's own name (`MESSAGE_TOO_LARGE`); undefined when there was no answer. */
export function answered(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('apiId' in error && typeof error.apiId === 'string') return error.apiId;
  const inner = [...(error instanceof AggregateError ? (error.errors as unknown[]) : []), error.cause];
  return inner.map(answered).find((name) => name !== undefined);
}

/** The innermost reason in words. */
export function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner: unknown = error instanceof AggregateError ? error.errors.at(-1) : error.cause;
  return inner instanceof Error ? said(inner) : error.message || error.name;
}
