import type { z } from 'zod';
import type { Dataset } from '../core/dataset.ts';

/** A data set's file: its facts and the schema of its own options. */
export interface DatasetFile<Schema extends z.ZodObject = z.ZodObject> extends Dataset<z.output<Schema>> {
  readonly aliases: readonly string[];
  readonly options: Schema;
  /** One honest example of a record, as the `raw` format shows it. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** Says that a value is a data set's file, so that the compiler checks every fact. */
export function defineDataset<Schema extends z.ZodObject>(file: DatasetFile<Schema>): DatasetFile<Schema> {
  return file;
}

/** Request parameters without those that are undefined. */
export function params(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(entries)) if (value !== undefined) kept[name] = value;
  return kept;
}

/** Qualys spells booleans 0 and 1. */
export const flag = (on: boolean): string => (on ? '1' : '0');
