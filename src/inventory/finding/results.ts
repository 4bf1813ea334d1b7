/**
 * RESULTS of findings: what the scan printed for each, kept where the configuration says so (`inventory.results`).
 *
 * Invariants
 * - The text of a finding is that of the event its row is from, and is written in the same transaction. So texts are a
 *   function of the events, as findings are: batches may come again and in any order, a rebuild gives the same.
 * - A finding that was removed has no text from then on: the finding stays with its history, the text goes at once.
 * - Texts are taken from the stored event, behind whatever obfuscation made of them.
 * - Where texts are kept no longer, the table is emptied before the next fold: what stayed behind would be shown as the
 *   text of findings that have changed meanwhile, once texts are kept again.
 *
 * The table is all the state there is. What was folded while texts were not kept has none until its next event, or a
 * rebuild.
 */
import { sql } from 'kysely';
import type { Batch } from '../../core/sink.ts';
import type { Value } from '../../core/words.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { columnsOf, valueAt } from '../columns.ts';
import type { Line } from '../event.ts';
import type { InventorySchema } from '../schema.ts';
import { text } from '../values.ts';
import type { FindingChanges } from './fold.ts';
import { jsonBytes } from './json-bytes.ts';
import { type FindingRows, KEY } from './rows.ts';

const TABLE = 'finding_results';
const DATASET = 'host_list_detection';

interface Row {
  readonly host: number;
  readonly qid: number;
  readonly place: string;
  results: string;
}

/** What folding changes; nothing is written yet. */
export interface ResultChanges {
  /** Findings that are not new: the text they had goes. */
  readonly outdated: readonly Row[];
  readonly texts: readonly Row[];
}

/** The texts of the findings that a fold of these batches changes. */
export function resultsOf(batches: readonly Batch[], { fresh, changed }: FindingChanges): ResultChanges {
  /** Rows by connection and number of the event they are from. */
  const byEvent = new Map<string, Map<number, Row>>();
  const added = rowsFrom(fresh, byEvent);
  const outdated = rowsFrom(changed, byEvent);
  for (const batch of batches) {
    const rows = byEvent.get(batch.connection);
    if (batch.dataset !== DATASET || rows === undefined) continue;
    const resultsAt = reader(batch);
    for (let i = 0; i < batch.count; i++) {
      const row = rows.get(batch.seq(i));
      if (row !== undefined) row.results = resultsAt(i);
    }
  }
  return { outdated, texts: [...added, ...outdated].filter(({ results }) => results !== '') };
}

export async function writeResults(
  tx: Transaction<InventorySchema>,
  space: number,
  { outdated, texts }: ResultChanges,
): Promise<void> {
  if (outdated.length > 0) await tx.deleteMany(TABLE, { space, ...columnsOf(outdated, KEY) });
  if (texts.length > 0) await tx.insertMany(TABLE, { space, ...columnsOf(texts, [...KEY, 'results']) });
}

/** Empties the table, where anything is in it. */
export async function forgetResults(store: Store<InventorySchema>): Promise<void> {
  const { rows } = await sql`SELECT 1 AS kept FROM ${sql.table(TABLE)} LIMIT 1`.execute(store.db);
  if (rows.length > 0) await store.transaction(({ db }) => db.deleteFrom(TABLE).execute());
}

/** All rows; those of findings that Qualys has are to be given the text of their event. */
function rowsFrom(from: FindingRows, byEvent: Map<string, Map<number, Row>>): readonly Row[] {
  const { host, qid, place, connection, seq, removed } = from.columns();
  return Array.from({ length: from.count() }, (_, i) => {
    const row = {
      host: Number(valueAt(host, i)),
      qid: Number(valueAt(qid, i)),
      place: String(valueAt(place, i)),
      results: '',
    };
    if (Number(valueAt(removed, i)) > 0) return row;
    const name = String(valueAt(connection, i));
    const events = byEvent.get(name) ?? new Map<number, Row>();
    byEvent.set(name, events.set(Number(valueAt(seq, i)), row));
    return row;
  });
}

const [RECORD, RESULTS] = [Buffer.from('record'), Buffer.from('RESULTS')];

/** What payload i of a batch has for RESULTS; '' for nothing. */
function reader({ bytes, ends }: Batch): (i: number) => string {
  const json = jsonBytes(bytes);
  let found: Value | undefined;
  const inRecord = (nameAt: number, nameTo: number, at: number): number => {
    const end = json.valueEnd(at);
    if (nameTo - nameAt !== RESULTS.length || !json.isAt(RESULTS, nameAt)) return end;
    found = json.parse(at, end) as Value;
    return bytes.length;
  };
  const inLine = (nameAt: number, nameTo: number, at: number): number =>
    nameTo - nameAt === RECORD.length && json.isAt(RECORD, nameAt) ? json.members(at, inRecord) : json.valueEnd(at);
  return (i) => {
    const [start, end] = [i === 0 ? 0 : ends[i - 1]!, ends[i]!];
    found = undefined;
    const isWhole = json.members(start, inLine) === end - 1;
    // A line that is not built as the outbox builds them.
    if (found === undefined && !isWhole)
      found = (JSON.parse(bytes.toString('utf8', start, end)) as Line).record?.['RESULTS'];
    return text(found);
  };
}
