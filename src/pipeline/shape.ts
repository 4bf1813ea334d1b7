import { type EventSource, type Shaped, shapeRaw } from './shape-raw.ts';
import { cim } from './shapes/cim.ts';
import { devo } from './shapes/devo.ts';
import { ecs } from './shapes/ecs.ts';
import { eventReader, type ShapedEvent, type ShapeFacts } from './shapes/event.ts';
import { indicesOf, interflow } from './shapes/interflow.ts';
import { ocsf } from './shapes/ocsf.ts';

/** One event in a format: the lines it makes, without their line feeds. */
type Shape = (event: ShapedEvent, facts: ShapeFacts) => readonly string[];

const one =
  (shape: (event: ShapedEvent, facts: ShapeFacts) => unknown): Shape =>
  (event, facts) => [JSON.stringify(shape(event, facts))];

const SHAPES: ReadonlyMap<string, Shape> = new Map([
  ['devo', (event, facts) => [devo(event, facts)]],
  ['interflow', (event, facts) => interflow(event, facts).map((line) => JSON.stringify(line))],
  ['ecs', one(ecs)],
  ['ocsf', one(ocsf)],
  ['cim', one(cim)],
]);

export interface ShapedEvents extends Shaped {
  /** Where each line of a payload belongs, by its place; only of formats that make several lines of an event. */
  readonly routing?: (place: number) => readonly string[];
}

/**
 * Events in a format, each payload ended by a line feed. `raw` is copied; the others read every record, so that they
 * cost several times as much. `only` picks events by number; all without it. Throws RangeError for an unknown format,
 * which the configuration's schema does not let through.
 */
export function shapeEvents(
  format: string,
  events: EventSource,
  facts: ShapeFacts,
  only?: readonly number[],
  take: (bytes: number) => Buffer = Buffer.allocUnsafe,
): ShapedEvents {
  if (format === 'raw') return shapeRaw(events, facts, only, take);
  const shape = SHAPES.get(format);
  if (shape === undefined) throw new RangeError(`No format is called ${format}.`);
  const read = eventReader(events, facts);
  const count = only?.length ?? events.count;
  const payloads: string[] = [];
  let size = 0;
  for (let k = 0; k < count; k++) {
    const payload = `${shape(read(only === undefined ? k : only[k]!), facts).join('\n')}\n`;
    size += Buffer.byteLength(payload);
    payloads.push(payload);
  }
  const bytes = take(size);
  const ends: number[] = [];
  let at = 0;
  for (const payload of payloads) {
    at += bytes.write(payload, at);
    ends.push(at);
  }
  const shaped = { bytes: bytes.subarray(0, at), ends };
  if (format !== 'interflow') return shaped;
  const indices = indicesOf(facts);
  return { ...shaped, routing: () => indices };
}
