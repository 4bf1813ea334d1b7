import type { Checkpoint, OpenPull } from '../../core/checkpoint.ts';
import type { Parts } from '../../core/dataset.ts';
import type { Step } from '../../core/range.ts';
import type { RecordView } from '../../core/words.ts';
import type { Stream } from '../stream.ts';
import { readEveryPage } from './every-page.ts';

export interface Listed {
  readonly steps: readonly Step[];
  /** Objects that are read once this pull has ended, by name with their time. */
  readonly parts: Readonly<Record<string, string>>;
  readonly unfinished: string | undefined;
  readonly serverTime: number | undefined;
}

/**
 * Finds the objects a pull reads one by one: what is ready and was not read before. `parts` of the checkpoint reaches as
 * far back as the listing does, so an object that is listed again is known again; one that could not be read is missing.
 */
export async function listParts(
  stream: Stream,
  facts: Parts<unknown>,
  checkpoint: Checkpoint,
  pull: Pick<OpenPull, 'mode' | 'since'>,
  signal: AbortSignal,
): Promise<Listed> {
  const steps: Step[] = [];
  const parts: Record<string, string> = {};
  let unfinished: string | undefined;
  const call = facts.list(stream.options, {
    pageSize: 0,
    ...(facts.once && pull.since !== undefined ? { since: pull.since } : {}),
  });
  const record = (view: RecordView): void => {
    const { part, time, state } = facts.part(view);
    if (part === '' || Object.hasOwn(parts, part)) return;
    if (state === 'unfinished') {
      if (unfinished === undefined || time < unfinished) unfinished = time;
      return;
    }
    parts[part] = time;
    const known = facts.once
      ? checkpoint.parts?.[part] !== undefined
      : pull.mode === 'incremental' &&
        pull.since !== undefined &&
        time < pull.since &&
        checkpoint.parts?.[part] !== undefined;
    if (!known) steps.push({ part });
  };
  const serverTime = await readEveryPage(stream, call, facts.format, { record }, signal);
  return { steps, parts, unfinished, serverTime };
}
