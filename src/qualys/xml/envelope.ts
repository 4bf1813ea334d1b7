import type { Fields, Value } from '../../core/words.ts';

/** An element around the records, still open. Objects are fine here: envelopes are small. */
interface Open {
  readonly name: string;
  readonly members: Map<string, Value[]>;
  readonly attributes: Map<string, string>;
  text: string;
  /** Said only where it holds something. */
  readonly shell: boolean;
}

export interface Envelope {
  readonly open: Open[];
  /** Bytes kept so far, names and a share for every element included. */
  size: number;
  /** Elements open inside one that is not kept, that one included. */
  dropping: number;
  root: Fields;
}

/** What an element or attribute costs against the limit besides its text: about what its object takes. */
export const ENVELOPE_SHARE = 64;

export const createEnvelope = (): Envelope => ({ open: [], size: 0, dropping: 0, root: {} });

export function openElement(envelope: Envelope, name: string, shell: boolean): void {
  envelope.size += name.length + ENVELOPE_SHARE;
  envelope.open.push({ name, members: new Map(), attributes: new Map(), text: '', shell });
}

export function addAttribute(envelope: Envelope, name: string, value: string): void {
  envelope.size += name.length + value.length + ENVELOPE_SHARE;
  envelope.open.at(-1)?.attributes.set(name, value);
}

export function addEnvelopeText(envelope: Envelope, text: string): void {
  const element = envelope.open.at(-1);
  if (element === undefined) return;
  element.text += text;
  envelope.size += text.length;
}

/** Ends the innermost element and hands its text out instead of keeping it; undefined where it had child elements. */
export function takeText(envelope: Envelope): string | undefined {
  const element = envelope.open.pop();
  if (element === undefined || element.members.size > 0) return undefined;
  envelope.size -= element.name.length + ENVELOPE_SHARE + element.text.length;
  return trimmed(element.text);
}

/** Ends the innermost element and gives it to its parent, or keeps it as the root. */
export function closeElement(envelope: Envelope): void {
  const element = envelope.open.pop();
  if (element === undefined) return;
  const parent = envelope.open.at(-1);
  if (parent === undefined) {
    envelope.root = objectOf(element, false);
    return;
  }
  if (element.shell && element.members.size === 0 && element.attributes.size === 0 && trimmed(element.text) === '') {
    envelope.size -= element.name.length + ENVELOPE_SHARE + element.text.length;
    return;
  }
  const value = toValue(element);
  const siblings = parent.members.get(element.name);
  if (siblings === undefined) parent.members.set(element.name, [value]);
  else siblings.push(value);
}

function toValue(element: Open): Value {
  if (element.members.size === 0 && element.attributes.size === 0) return trimmed(element.text);
  return objectOf(element, element.members.size === 0);
}

function objectOf(element: Open, textAlways: boolean): Fields {
  const fields: Record<string, Value> = {};
  for (const [name, value] of element.attributes) define(fields, `@${name}`, value);
  const text = trimmed(element.text);
  if (text !== '' || textAlways) define(fields, '#text', text);
  for (const [name, values] of element.members) define(fields, name, values.length === 1 ? values[0]! : values);
  return fields;
}

/** Sets an own member whatever its name, `__proto__` included. */
function define(fields: Record<string, Value>, name: string, value: Value): void {
  Object.defineProperty(fields, name, { value, enumerable: true, writable: true, configurable: true });
}

const trimmed = (text: string): string => text.replace(/^[ \t\n\r]+/, '').replace(/(?<![ \t\n\r])[ \t\n\r]+$/, '');
