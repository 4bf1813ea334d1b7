/**
 * A batch is one object under a name that follows from the batch alone, written only where no object has that name
 * (`If-None-Match: *`). 412 means that an earlier write of the same batch arrived and its answer was lost: delivered. A
 * store that does not know the condition writes the same content again, which changes nothing. An object is there whole
 * or not at all.
 */
import type * as aws from '@aws-sdk/client-s3';
import { QuarryError } from '../../core/errors.ts';
import { type S3Place, s3Client } from '../../core/s3.ts';
import type { Secret } from '../../core/secret.ts';
import type { Batch, OpenSink, Outcome } from '../../core/sink.ts';
import { type Compression, compressed, contentType, keyOf, prefixOf } from './objects.ts';

export interface Settings {
  readonly bucket: string;
  readonly prefix: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly path_style?: boolean | undefined;
  readonly access_key_id?: string | undefined;
  readonly secret_access_key?: Secret | undefined;
  readonly session_token?: Secret | undefined;
  readonly compression: Compression;
  readonly if_none_match: boolean;
  readonly parallel: number;
  /** Seconds. */
  readonly timeout: number;
}

export function openS3(settings: Settings, library: typeof aws): OpenSink {
  const { bucket, compression } = settings;
  const client = new library.S3Client(s3Client(placeOf(settings)));

  async function put(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    const body = await compressed(batch, compression);
    signal.throwIfAborted();
    const command = new library.PutObjectCommand({
      Bucket: bucket,
      Key: keyOf(settings.prefix, batch, compression),
      Body: body,
      ContentType: contentType(compression),
      Metadata: { 'quarry-batch': batch.id, 'quarry-events': String(batch.count) },
      ...(settings.if_none_match && { IfNoneMatch: '*' }),
    });
    const late = AbortSignal.timeout(settings.timeout * 1000);
    try {
      await client.send(command, { abortSignal: AbortSignal.any([signal, late]) });
      return 'delivered';
    } catch (error) {
      signal.throwIfAborted();
      if (statusOf(error) === 412) return 'delivered';
      const waitMs = waitOf(error);
      const reason = late.aborted ? `no answer within ${settings.timeout} s` : said(error);
      return { retry: reason, ...(waitMs !== undefined && { waitMs }) };
    }
  }

  return {
    // Begun and given up: what may write an object may do both, and nothing is left.
    check: async () => {
      const stream = { tenant: 'quarry', subscription: 'quarry', connection: 'quarry', dataset: 'quarry_check' };
      const place = { Bucket: bucket, Key: `${prefixOf(settings.prefix, stream)}/quarry-check`.replace(/^\//, '') };
      const abortSignal = AbortSignal.timeout(settings.timeout * 1000);
      try {
        const { UploadId } = await client.send(new library.CreateMultipartUploadCommand(place), { abortSignal });
        await client.send(new library.AbortMultipartUploadCommand({ ...place, UploadId }), { abortSignal });
      } catch (error) {
        const status = statusOf(error);
        const wrong = status !== undefined && status >= 400 && status < 500;
        throw new QuarryError(wrong ? 'QRY5043' : 'QRY5042', { what: said(error), where: bucket, cause: error });
      }
    },
    write: async (batches, signal) => {
      signal.throwIfAborted();
      const outcomes: Outcome[] = [];
      const waiting = batches.entries();
      const worker = async (): Promise<void> => {
        for (const [b, batch] of waiting) outcomes[b] = await put(batch, signal);
      };
      await Promise.all(Array.from({ length: Math.min(settings.parallel, batches.length) }, worker));
      return outcomes;
    },
    close: async () => client.destroy(),
  };
}

function placeOf(settings: Settings): S3Place {
  const { region, endpoint, path_style: pathStyle, access_key_id: accessKeyId } = settings;
  const { secret_access_key: secretAccessKey, session_token: sessionToken } = settings;
  return { region, endpoint, pathStyle, accessKeyId, secretAccessKey, sessionToken };
}

interface Answered {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const statusOf = (error: unknown): number | undefined => (error as Answered | undefined)?.$metadata?.httpStatusCode;

/** `Retry-After` in milliseconds. */
function waitOf(error: unknown): number | undefined {
  const seconds = Number((error as Answered | undefined)?.$response?.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function said(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' || error.message === error.name ? error.name : `${error.name}: ${error.message}`;
}
