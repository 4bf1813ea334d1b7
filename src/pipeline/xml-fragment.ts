import type { Fields, Value } from '../core/words.ts';

/**
 * A record written back as XML on one line, in the form it was read from: `@name` is an attribute, `#text` is text, a
 * list repeats its element, an object has child elements. Line breaks and tabs become `&#10;`, `&#13;` and `&#9;`.
 * What XML cannot hold is made harmless: control characters other than those, lone surrogates and U+FFFE/U+FFFF become
 * U+FFFD; characters that names may not hold become `_xHHHH_`. A list without members is left out, null is empty.
 */
export function xmlFragment(element: string, record: Fields): string {
  return elementOf(nameOf(element), record);
}

function elementOf(name: string, value: Value): string {
  if (value === null || typeof value !== 'object') {
    const text = textOf(String(value ?? ''));
    return text === '' ? `<${name}/>` : `<${name}>${text}</${name}>`;
  }
  if (isList(value)) return value.map((one) => elementOf(name, one)).join('');
  let attributes = '';
  let content = '';
  for (const [member, held] of Object.entries(value)) {
    if (member.startsWith('@'))
      attributes += ` ${nameOf(member.slice(1))}="${textOf(plain(held)).replaceAll('"', '&quot;')}"`;
    else if (member === '#text') content += textOf(plain(held));
    else content += elementOf(nameOf(member), held);
  }
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

const isList = (value: object): value is readonly Value[] => Array.isArray(value);

/** A scalar's text; attributes and text never hold more in what a reader makes, but must not print `[object Object]`. */
const plain = (value: Value): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** What a text must hold for anything of it to be written otherwise; most hold none of it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is meant
const SPECIAL = /[&<>\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/;

function textOf(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text
    .toWellFormed()
    .replace(
      /[&<>\p{Cc}\ufffe\uffff]/gu,
      (letter) => REFERENCES[letter] ?? (letter >= '\u007f' && letter < '\u00a0' ? letter : '\ufffd'),
    );
}

// XML 1.0, fifth edition, productions 4 and 4a.
const START =
  'A-Z_a-z:\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const FORBIDDEN_START = new RegExp(`^[^${START}]`, 'u');
const FORBIDDEN = new RegExp(`[^${START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}]`, 'gu');

/** Names as written, by name: records have few. */
const written = new Map<string, string>();
const MOST_NAMES = 5000;

function nameOf(name: string): string {
  let found = written.get(name);
  if (found === undefined) {
    found = spelled(name);
    if (written.size === MOST_NAMES) written.clear();
    written.set(name, found);
  }
  return found;
}

function spelled(name: string): string {
  const escaped = (letter: string) => `_x${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}_`;
  if (name === '') return '_';
  return name.replace(FORBIDDEN_START, escaped).replace(FORBIDDEN, escaped);
}
