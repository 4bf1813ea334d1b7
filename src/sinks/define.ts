import { z } from 'zod';
import { Secret } from '../core/secret.ts';
import type { OpenSink, SinkCapabilities } from '../core/sink.ts';

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
