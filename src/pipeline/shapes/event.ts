import type { KnowledgeEntry } from '../../core/knowledge.ts';
import type { Destinations } from '../../core/sink.ts';
import type { Fields } from '../../core/words.ts';
import type { EventHead } from '../event-head.ts';
import { milliseconds } from '../key.ts';
import type { EnvelopeFacts, EventSource } from '../shape-raw.ts';

/** How a sink wants the chosen format; what is absent is as documented there. */
export interface ShapeOptions {
  /** `devo`: how records of the classic tables are written. */
  readonly eventFormat?: 'xml' | 'json' | undefined;
  /** `devo`: what events of a connection carry as `@devo_environment`. */
  readonly environmentOf?: ((connection: string) => string | undefined) | undefined;
  /** `ocsf`: the severity_id of Qualys's severities 1 to 5. */
  readonly severities?: readonly number[] | undefined;
  /** `ecs`: the namespace of the data streams. */
  readonly namespace?: string | undefined;
}

/** What the formats other than `raw` need to know besides. */
export interface ShapeFacts extends EnvelopeFacts {
  /** What the data set is called elsewhere; absent in tests only. */
  readonly destinations?: Destinations | undefined;
  /** The KnowledgeBase, as far as the batch needs it. */
  readonly knowledge: ReadonlyMap<number, KnowledgeEntry>;
  readonly options: ShapeOptions;
}

/** An event, read. */
export interface ShapedEvent extends EventHead {
  readonly id: string;
  readonly seq: number;
  readonly record: Fields;
  /** The record as JSON, as it was stored: numbers as Qualys wrote them. */
  text(): string;
}

/** No JSON string can hold it: its quote would be escaped. */
const BEFORE_RECORD = '],"record":';

export const ID_LENGTH = 32;

/**
 * Reads events one after another. A context is read once for the events in a row that share it: a host may have
 * thousands of detections. Nobody changes what is read.
 */
export function eventReader(events: EventSource, facts: EnvelopeFacts): (i: number) => ShapedEvent {
  const { bytes } = events;
  const name = facts.contextAs ?? '';
  let last: { readonly json: Buffer; readonly read: Fields } | undefined;
  const contextOf = (json: Buffer): Fields => {
    if (last?.json !== json) last = { json, read: JSON.parse(json.toString('utf8')) as Fields };
    return last.read;
  };
  return (i) => {
    const start = events.idStart(i);
    const tail = bytes.toString('utf8', events.tailStart(i), events.tailEnd(i));
    const record = tail.indexOf(BEFORE_RECORD);
    const own = tail.slice(record + BEFORE_RECORD.length);
    const context = events.context(i);
    const alone = JSON.parse(`${own}}`) as Fields;
    return {
      ...(JSON.parse(`{${tail.slice(0, record + 1)}}`) as EventHead),
      id: bytes.toString('latin1', start, start + ID_LENGTH),
      seq: facts.firstSeq + events.number(i),
      record: context === undefined ? alone : { ...alone, [name]: contextOf(context) },
      text: () => {
        if (context === undefined) return `${own}}`;
        return `${own}${own === '{' ? '' : ','}${JSON.stringify(name)}:${context.toString('utf8')}}`;
      },
    };
  };
}

/** What every format but `raw` and `devo` says of the event itself. */
export function provenance(event: ShapedEvent, facts: ShapeFacts): Record<string, unknown> {
  return {
    id: event.id,
    seq: event.seq,
    dataset: facts.dataset,
    tenant: facts.tenant,
    subscription: facts.subscription,
    connection: facts.connection,
    pulling_id: String(facts.pull),
    change: event.change,
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    ...(event.flags === undefined ? {} : { flags: event.flags }),
    key: event.key,
  };
}

/** Qualys's own time of the event, where it has none when it was pulled; epoch milliseconds. */
export function timeOf(event: ShapedEvent, facts: ShapeFacts): number {
  return milliseconds(event.time ?? '') || facts.pulledAt;
}
