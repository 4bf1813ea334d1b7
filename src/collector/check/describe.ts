import type { Call } from '../../core/dataset.ts';
import { contextAs } from '../../core/format.ts';
import type { DatasetFile } from '../../datasets/define.ts';
import { probeCall } from './probe.ts';

/** A data set as the catalogue and the reference pages show it. */
export interface Described {
  /** As Qualys counts limits for it. */
  readonly api: string;
  readonly server: 'api' | 'gateway';
  /** Newest first, where the path has a version. */
  readonly versions: readonly string[];
  /** How it is read: by ids, steps, or one object after the other. */
  readonly cursor: 'ids' | 'steps' | 'objects';
  /** Whether Qualys can be asked for changes alone. */
  readonly reads: 'incremental' | 'whole';
  readonly sweeps: readonly ('ids' | 'full')[];
  /** The key's parts as fields of the record. */
  readonly key: readonly string[];
  /** Fields the record has besides Qualys's own: the object it was read for (`POLICY_ID`). */
  readonly added: readonly string[];
}

export function describe(facts: DatasetFile): Described {
  const { paging, schedule, key, format, incremental } = facts;
  const call = callOf(facts);
  const as = contextAs(format);
  const { sweepIds, sweepFull } = schedule;
  return {
    api: call.api,
    server: call.server ?? 'api',
    versions: call.versions ?? [],
    cursor: paging.by === 'id' ? 'ids' : paging.parts === undefined ? 'steps' : 'objects',
    reads: incremental ? 'incremental' : 'whole',
    sweeps: [
      ...(sweepIds === undefined ? [] : ['ids' as const]),
      ...(sweepFull === undefined ? [] : ['full' as const]),
    ],
    key: key.map(({ from, field }) => (from === 'context' ? `${as}.${field}` : field)),
    added: key.flatMap(({ from, field }) => (from === 'part' ? [field] : [])),
  };
}

function callOf(facts: DatasetFile): Call {
  const options = facts.options.parse({});
  if (facts.paging.by === 'id') return facts.records(options, { pageSize: 1 });
  // A step's call needs a step of its own; the object's name stands for any.
  if (facts.paging.parts !== undefined) return facts.records(options, { pageSize: 1, step: { part: '1' } });
  return facts.probe === undefined ? probeCall(facts, options, 0) : facts.records(options, { pageSize: 1, step: {} });
}
