/**
 * Routes at work: which events of a batch a sink receives, and how much of each. Several routes may lead to one sink: an
 * event goes if any lets it, in the form of the first that does.
 *
 * Records are parsed here, and written anew where a route changes them; a stream whose routes have neither filters nor
 * rules never comes here, so that its bytes are copied as they were stored.
 */
import type { Fields } from '../core/words.ts';
import { type Condition, compileFilter } from './filter.ts';
import { obfuscator, type Rule } from './obfuscate.ts';
import { fieldPath, onlyAt } from './path.ts';
import type { EventSource } from './shape-raw.ts';

export interface RouteRules {
  readonly include: readonly Condition[];
  readonly exclude: readonly Condition[];
  /** Only these fields of the record. */
  readonly fields: readonly string[] | undefined;
  /** Whether it lets events that say that something is gone; it does where nothing is said. */
  readonly removals?: boolean;
  readonly obfuscate: readonly Rule[];
}

export interface Route {
  readonly lets: (record: Fields, removed: boolean) => boolean;
  /** Absent where records go as they are. */
  readonly shape: ((record: Fields) => Fields) | undefined;
}

/** `key`: what `hash` rules are keyed with. */
export function compileRoute({ include, exclude, fields, removals = true, obfuscate }: RouteRules, key: string): Route {
  const paths = fields?.map(fieldPath);
  const hide = obfuscate.length === 0 ? undefined : obfuscator(obfuscate, key);
  const shape = (record: Fields): Fields => {
    const hidden = hide === undefined ? record : hide(record);
    return paths === undefined ? hidden : onlyAt(hidden, paths);
  };
  const fits = compileFilter(include, exclude);
  return {
    lets: removals ? fits : (record, removed) => !removed && fits(record, removed),
    shape: hide === undefined && paths === undefined ? undefined : shape,
  };
}

/** Whether a route sends everything as it is. */
export const isOpen = ({ include, exclude, fields, removals = true, obfuscate }: RouteRules): boolean =>
  removals && include.length + exclude.length + obfuscate.length === 0 && fields === undefined;

export interface Routed {
  /** Numbers of the events that go, in order. */
  readonly sent: readonly number[];
  /** Numbers of those that no route lets. */
  readonly filtered: readonly number[];
  /** The events, in the form they go; only those in `sent` are to be asked for. */
  readonly events: EventSource;
}

const RECORD = Buffer.from('],"record":');
const REMOVED = '"change":"removed"';
const ID_LENGTH = 32;

/** Routes the events numbered in `from`. `contextAs`: the name their context has inside a record. */
export function routeEvents(
  events: EventSource,
  from: readonly number[],
  routes: readonly Route[],
  contextAs: string | undefined,
): Routed {
  const sent: number[] = [];
  const filtered: number[] = [];
  const rewritten = rewriting(events);
  let lastContext: Buffer | undefined;
  let context: Fields | undefined;
  for (const i of from) {
    const start = events.tailStart(i);
    const at = events.bytes.indexOf(RECORD, start) + RECORD.length;
    const record = JSON.parse(`${events.bytes.toString('utf8', at, events.tailEnd(i))}}`) as Fields;
    const around = events.context(i);
    if (around !== lastContext) {
      lastContext = around;
      context = around === undefined ? undefined : (JSON.parse(around.toString('utf8')) as Fields);
    }
    const whole = context === undefined || contextAs === undefined ? record : { ...record, [contextAs]: context };
    const removed = events.bytes.toString('latin1', start, at).includes(REMOVED);
    const route = routes.find(({ lets }) => lets(whole, removed));
    if (route === undefined) {
      filtered.push(i);
      continue;
    }
    sent.push(i);
    if (route.shape === undefined) rewritten.asIs(i);
    else {
      const { inner, outer } = parted(route.shape(whole), context === undefined ? undefined : contextAs);
      rewritten.anew(i, events.bytes.subarray(start, at), inner, outer);
    }
  }
  return { sent, filtered, events: rewritten.events() };
}

/** A record and its context, apart again. */
function parted(whole: Fields, contextAs: string | undefined): { inner: Fields; outer: Fields | undefined } {
  if (contextAs === undefined || !Object.hasOwn(whole, contextAs)) return { inner: whole, outer: undefined };
  const inner = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== contextAs));
  const outer = whole[contextAs];
  if (typeof outer === 'object' && outer !== null && !Array.isArray(outer)) return { inner, outer: outer as Fields };
  return { inner: whole, outer: undefined };
}

/** Collects events in another form; where none is, the source itself is the result. */
function rewriting(source: EventSource) {
  const pieces: Buffer[] = [];
  const ids = new Int32Array(source.count);
  const tails = new Int32Array(source.count);
  const ends = new Int32Array(source.count);
  const contexts: (Buffer | undefined)[] = [];
  let used = 0;
  let any = false;
  let lastOuter = '';
  let last: Buffer | undefined;
  const put = (i: number, tail: readonly Uint8Array[]): void => {
    const id = source.idStart(i);
    pieces.push(source.bytes.subarray(id, id + ID_LENGTH), ...(tail as Buffer[]));
    ids[i] = used;
    tails[i] = used + ID_LENGTH;
    used += ID_LENGTH + tail.reduce((sum, { length }) => sum + length, 0);
    ends[i] = used;
  };
  return {
    asIs: (i: number): void => {
      put(i, [source.bytes.subarray(source.tailStart(i), source.tailEnd(i))]);
      contexts[i] = source.context(i);
    },
    anew: (i: number, head: Buffer, inner: Fields, outer: Fields | undefined): void => {
      any = true;
      put(i, [head, Buffer.from(JSON.stringify(inner).slice(0, -1))]);
      const text = outer === undefined ? '' : JSON.stringify(outer);
      // Events that share their context share the buffer.
      if (text !== lastOuter) {
        lastOuter = text;
        last = text === '' ? undefined : Buffer.from(text);
      }
      contexts[i] = last;
    },
    events: (): EventSource => {
      if (!any) return source;
      const bytes = Buffer.concat(pieces, used);
      return {
        count: source.count,
        bytes,
        idStart: (i) => ids[i]!,
        tailStart: (i) => tails[i]!,
        tailEnd: (i) => ends[i]!,
        context: (i) => contexts[i],
        number: (i) => source.number(i),
      };
    },
  };
}
