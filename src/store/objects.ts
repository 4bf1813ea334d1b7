/**
 * A bucket of S3 or of a store like it, as a place for files: put whole or not at all, never changed, found by name.
 *
 * The vendor's library is imported when a bucket is opened. What may pass is tried three times, here, since the library does not
 * repeat what it reads from a file; what fails then is QRY4018. No operation needs more than PutObject, GetObject, DeleteObject and ListBucket.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { QuarryError } from '../core/errors.ts';
import { type BodyBucket, s3Client } from '../core/s3.ts';

export type ObjectSettings = Omit<BodyBucket, 'above'>;

export interface Objects {
  /** Stores a file under a name; what had the name is replaced. */
  put(name: string, path: string): Promise<void>;
  /** The content; undefined where there is no object of the name. */
  get(name: string): Promise<Readable | undefined>;
  /** Names that are not there count as removed. */
  remove(names: readonly string[]): Promise<void>;
  /** All there are under the prefix; `at`: when written, epoch ms by the store's clock. */
  list(): AsyncIterable<{ readonly name: string; readonly at: number }>;
  /** A failure on the way of a content as QRY4018; others as they are. */
  fault(error: unknown): unknown;
  close(): void;
}

const LIBRARY = '@aws-sdk/client-s3';
const AT_ONCE = 8;
const TRIES = 3;

/** Throws QRY4019 where the library is not installed. Nothing is asked of the store yet. */
export async function openObjects(settings: ObjectSettings): Promise<Objects> {
  const { bucket: Bucket, prefix, timeout } = settings;
  const library = await import('@aws-sdk/client-s3').catch((cause: unknown) => {
    const absent = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!absent || !cause.message.includes(LIBRARY)) throw cause;
    throw new QuarryError('QRY4019', { what: `not installed: ${LIBRARY}`, fix: `run npm i ${LIBRARY}`, cause });
  });
  const client = new library.S3Client({ ...s3Client(settings), logger: SILENT });
  const keyOf = (name: string): string => `${prefix}/${name}`;
  const late = () => ({ abortSignal: AbortSignal.timeout(timeout) });
  const failed = (error: unknown): QuarryError =>
    error instanceof QuarryError
      ? error
      : new QuarryError('QRY4018', { what: said(error, timeout), where: `s3://${Bucket}/${prefix}`, cause: error });
  const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (tries === TRIES || !mayPass(error)) throw failed(error);
        await wait(Math.random() * 200 * 4 ** tries);
      }
    }
  };
  return {
    put: async (name, path) => {
      const { size } = await stat(path);
      await asked(async () => {
        const Body = createReadStream(path);
        try {
          const command = new library.PutObjectCommand({ Bucket, Key: keyOf(name), Body, ContentLength: size });
          await client.send(command, late());
        } finally {
          Body.destroy();
        }
      });
    },
    get: (name) =>
      asked(async () => {
        try {
          const { Body } = await client.send(new library.GetObjectCommand({ Bucket, Key: keyOf(name) }), late());
          return Body as Readable;
        } catch (error) {
          if ((error as Answered).name === 'NoSuchKey') return undefined;
          throw error;
        }
      }),
    remove: async (names) => {
      const waiting = names.values();
      const worker = async (): Promise<void> => {
        for (const name of waiting)
          await asked(() => client.send(new library.DeleteObjectCommand({ Bucket, Key: keyOf(name) }), late()));
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, names.length) }, worker));
    },
    list: async function* () {
      let from: string | undefined;
      do {
        const page = { Bucket, Prefix: keyOf(''), ...(from !== undefined && { ContinuationToken: from }) };
        const answer = await asked(() => client.send(new library.ListObjectsV2Command(page), late()));
        for (const { Key, LastModified } of answer.Contents ?? [])
          if (Key !== undefined && LastModified !== undefined)
            yield { name: Key.slice(keyOf('').length), at: LastModified.getTime() };
        from = answer.NextContinuationToken;
      } while (from !== undefined);
    },
    fault: (error) => (isNetwork(error) ? failed(error) : error),
    close: () => client.destroy(),
  };
}

/** Else it writes to the console that it does not repeat what it reads from a file. */
const SILENT = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface Answered {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function mayPass(error: unknown): boolean {
  const status = (error as Answered).$metadata?.httpStatusCode;
  return status === undefined ? isNetwork(error) : status >= 500 || status === 429;
}

const isNetwork = (error: unknown): boolean =>
  error instanceof Error &&
  (/^(Abort|Timeout)Error$/.test(error.name) ||
    ('code' in error && /^(ECONN|EPIPE|ETIMEDOUT|ERR_STREAM_PREMATURE)/.test(String(error.code))));

function said(error: unknown, timeout: number): string {
  if (!(error instanceof Error)) return String(error);
  if (/^(Abort|Timeout)Error$/.test(error.name)) return `no answer within ${timeout / 1000} s`;
  return error.message === '' || error.message === error.name ? error.name : `${error.name}: ${error.message}`;
}
