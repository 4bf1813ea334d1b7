import { z } from 'zod';
import { QuarryError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import type { OpenSink, SinkCapabilities } from '../core/sink.ts';
import type { StreamIdentity } from '../core/words.ts';

/** A password or token among a sink's settings: read with `reveal`, redacted everywhere else. */
export const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value))
  .meta({ secret: true });

/** What a sink's file may use from outside its own configuration. */
export interface SinkContext {
  /** The sink's name in the configuration. */
  readonly name: string;
  /** Relative paths are relative to this: the folder of the configuration file. */
  readonly baseDir: string;
  /** The format its events come in, one of its capabilities. */
  readonly format: string;
  /** Hears of connections that are opened and ended, by which sender, where the sink has senders. */
  readonly onConnection?: (sender: number, open: boolean) => void;
}

/** A sink's file: its configuration, what it can do, and how it is opened. */
export interface SinkFile<Schema extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  readonly title: string;
  readonly about: string;
  readonly config: Schema;
  readonly capabilities: SinkCapabilities;
  /** Libraries it imports when opened; absent ones are asked for by name. */
  readonly libraries: readonly string[];
  readonly testedAgainst: string;
  readonly open: (config: z.output<Schema>, context: SinkContext) => Promise<OpenSink>;
}

/** Says that a value is a sink's file, so that the compiler checks every part. */
export function defineSink<Schema extends z.ZodObject>(file: SinkFile<Schema>): SinkFile<Schema> {
  return file;
}

/**
 * A vendor's library, imported when a sink opens: `await library(['pg'], () => import('pg'))`. Throws QRY5041, which names
 * what to install, when it is absent.
 */
export async function library<T>(packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    if (!absent || !packages.some((name) => error.message.includes(name))) throw error;
    const names = packages.join(' ');
    throw new QuarryError('QRY5041', { what: `not installed: ${names}`, fix: `run npm i ${names}`, cause: error });
  }
}

/** A name (subject, topic, table, folder) with `{tenant}`, `{subscription}`, `{connection}` and `{dataset}` filled in, each made `safe`. */
export const filled = (template: string, stream: StreamIdentity, safe: (value: string) => string): string =>
  template.replaceAll(/\{(tenant|subscription|connection|dataset)\}/g, (_, part: keyof StreamIdentity) =>
    safe(stream[part]),
  );
