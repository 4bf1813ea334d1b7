import { createHash } from 'node:crypto';
import type { Checkpoint } from '../../src/core/checkpoint.ts';
import type { Keyed } from '../../src/core/words.ts';
import { appendPage } from '../../src/outbox/append.ts';
import type { PendingBatch } from '../../src/outbox/delivery.ts';
import { idMaker } from '../../src/outbox/identity.ts';
import { keyTable } from '../../src/outbox/known.ts';
import { type Outbox, openOutbox } from '../../src/outbox/outbox.ts';
import type { RemovalFacts } from '../../src/outbox/removals.ts';
import { readBatch } from '../../src/outbox/segment.ts';
import type { StagedPage } from '../../src/outbox/staged.ts';
import { type StagingContext, stagePage } from '../../src/outbox/staging.ts';
import { type ClaimedStream, claimStream } from '../../src/outbox/streams.ts';
import { shapeRaw } from '../../src/pipeline/shape-raw.ts';
import type { Place } from './stores.ts';

/** A record of a hand-made page: a thing on a host. `version` is its own change time, where it has one. */
export interface Thing {
  readonly host: number;
  readonly name: string;
  readonly text: string;
  readonly version?: string;
}

export const IDENTITY = { tenant: 't', subscription: 's', connection: 'c', dataset: 'things' };

export const openAt = (place: Place): Promise<Outbox> =>
  openOutbox({ dataDir: place.dataDir, databaseUrl: place.databaseUrl }, 1);

export const claimAt = (outbox: Outbox, identity = IDENTITY): Promise<ClaimedStream> =>
  claimStream(outbox.store, identity);

const fingerprint = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);

export const thingKeyed = ({ host, name, text, version }: Thing): Keyed => ({
  lead: host,
  key: name,
  fingerprint: fingerprint(text),
  version,
  time: version,
  flags: [],
});

export interface PageOptions {
  readonly pull: number;
  readonly careful?: boolean;
  readonly sweep?: { readonly id: number; readonly from: number; readonly to: number | null };
  /** Bytes of text added to every record, to fill blocks and batches. */
  readonly padding?: number;
  readonly form?: number;
  /** Decides adoption for rows of an older form; nothing is adopted without it. */
  readonly same?: StagingContext['sameInOlderForm'];
  /** No context record after a host's things. */
  readonly bare?: boolean;
}

/** Stages things as one page, in the order given; a host's context follows its last thing. */
export async function stageThings(
  outbox: Outbox,
  claim: ClaimedStream,
  things: readonly Thing[],
  options: PageOptions,
): Promise<StagedPage> {
  const { store } = outbox;
  const { pull, sweep } = options;
  const page = stagePage(
    {
      ...keyTable(store, claim.keyspace),
      ordered: true,
      log: false,
      counted: false,
      pull,
      id: idMaker(IDENTITY.tenant, IDENTITY.subscription, IDENTITY.dataset),
      keyJson: (lead, key) => JSON.stringify(keyParts(lead, key)),
      form: () => options.form ?? 1,
      sameInOlderForm: options.same ?? (() => false),
      newSegment: outbox.newSegment,
    },
    {
      careful: options.careful ?? false,
      ...(sweep === undefined ? {} : { sweep: { before: pull, from: sweep.from } }),
    },
  );
  try {
    for (const [i, thing] of things.entries()) {
      const { host, name, text, version } = thing;
      const record = { NAME: name, TEXT: text, ...(version === undefined ? {} : { AT: version }) };
      const padded = options.padding === undefined ? record : { ...record, PAD: 'x'.repeat(options.padding) };
      const json = Buffer.from(JSON.stringify(padded));
      const start = page.reserve(json.length);
      json.copy(page.buffer, start);
      page.record(thingKeyed(thing), start, start + json.length);
      if (things[i + 1]?.host !== host && options.bare !== true) {
        const context = Buffer.from(JSON.stringify({ ID: String(host), IP: `10.0.0.${host}` }));
        const at = page.reserve(context.length);
        context.copy(page.buffer, at);
        page.outer(at, at + context.length);
      }
      await page.ready();
    }
    return await page.finish(sweep?.to ?? null);
  } catch (error) {
    await page.abandon();
    throw error;
  }
}

export const keyParts = (lead: number, key: string): string[] => [String(lead), key.split('\u0001')[0]!];

export interface AppendOptions extends PageOptions {
  readonly sinks?: readonly string[];
  readonly now?: number;
  readonly quarantined?: number;
  readonly advance?: (checkpoint: Checkpoint) => Checkpoint;
}

/** What `appendPage` is told about a page of things. */
export const toAppend = (claim: ClaimedStream, page: StagedPage, options: AppendOptions) => ({
  claim,
  pull: options.pull,
  page,
  quarantined: options.quarantined ?? 0,
  form: options.form ?? 1,
  sweep: options.sweep?.id,
  sinks: options.sinks ?? [],
  now: options.now ?? options.pull,
  advance: options.advance ?? ((before: Checkpoint) => before),
});

/** Stages and appends one page, as the collector does. */
export async function appendThings(
  outbox: Outbox,
  claim: ClaimedStream,
  things: readonly Thing[],
  options: AppendOptions,
): Promise<StagedPage> {
  const page = await stageThings(outbox, claim, things, options);
  try {
    await appendPage(outbox.store, { ...toAppend(claim, page, options), bodies: outbox.bodies });
  } catch (error) {
    await page.discard();
    throw error;
  }
  return page;
}

export const removalFacts = (claim: ClaimedStream, pull: number, sinks: readonly string[] = []): RemovalFacts => ({
  claim,
  pull,
  id: idMaker(IDENTITY.tenant, IDENTITY.subscription, IDENTITY.dataset),
  keyParts,
  keyRecord: ([host, name]) => ({ NAME: name, HOST: { ID: host } }),
  sinks,
  now: () => pull,
});

/** An event as a sink would get it in the `raw` format. */
export interface RawEvent {
  readonly id: string;
  readonly seq: number;
  readonly change: string;
  readonly key: readonly string[];
  readonly pulling_id: string;
  readonly flags?: readonly string[];
  readonly reason?: string;
  readonly record: { readonly TEXT?: string; readonly NAME?: string; readonly HOST?: { readonly ID: string } };
}

/** The events of a stored batch, shaped and parsed. */
export async function eventsOf(pending: PendingBatch, bodies?: Outbox['bodies']): Promise<RawEvent[]> {
  const events = await readBatch({ ...pending.location, fetch: bodies?.fetch });
  const { tenant, subscription, connection, dataset, pull, created, firstSeq } = pending;
  const shaped = shapeRaw(events, {
    ...{ tenant, subscription, connection, dataset, pull, firstSeq },
    pulledAt: created,
    contextAs: 'HOST',
  });
  return shaped.bytes
    .toString('utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as RawEvent);
}
