/** Numbers from 0 up to, but not, 1; the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What means something to one of the readers, or should mean nothing to any. */
const MARKUP: readonly (string | Buffer)[] = [
  ...[
    '<',
    '>',
    '&',
    '</',
    '/>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?x ',
    '?>',
    '<!DOCTYPE x [',
    '<!ENTITY a "b">',
    '&a;',
  ],
  ...[
    '&#0;',
    '&#xD800;',
    '&#99999999;',
    '<HOST>',
    '</HOST>',
    '<DETECTION a="1" a="2">',
    '<ID_SET>',
    '</RESPONSE>',
    ' x="',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\u',
    '\\ud800',
    '\\u0000',
    'null',
    'NaN',
    '1e999',
    '-',
    '12345678901234567890',
  ],
  ...['{"__proto__":1}', '"data":', '/*', '//', '\n', '\r', '\r\n', '""', '",', ',"', '----END_RESPONSE_BODY_CSV\n'],
  ...['\n----BEGIN_RESPONSE_FOOTER_CSV\n', '----END_RESPONSE_FOOTER_CSV', '=1+1', '\u202e', '\ufeff', '\0', '\u001b'],
  ...[[0xff], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xfe, 0xff]].map((bytes) =>
    Buffer.from(bytes),
  ),
];

/** A body changed in one to four places: bits, cuts, doubled and moved ranges, markup, pieces of another body. */
export function mutate(sound: Buffer, other: Buffer, random: () => number): Buffer {
  let bytes: Buffer = Buffer.from(sound);
  for (let times = 1 + Math.floor(random() * 4); times > 0; times--) bytes = changed(bytes, other, random);
  return bytes;
}

function changed(bytes: Buffer, other: Buffer, random: () => number): Buffer {
  const below = (most: number) => Math.floor(random() * most);
  const at = below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + below(random() < 0.5 ? 8 : 400));
  const around = (...middle: readonly Uint8Array[]) =>
    Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(to)]);
  switch (below(9)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = below(256);
      return bytes;
    case 2:
      return around();
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return around(...Array<Buffer>(2 + below(random() < 0.1 ? 200 : 3)).fill(bytes.subarray(at, to)));
    case 5: {
      const from = below(other.length);
      return around(other.subarray(from, from + below(400)));
    }
    case 6: {
      const place = below(bytes.length);
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(at, to), bytes.subarray(place)]);
    }
    default:
      return around(Buffer.from(MARKUP[below(MARKUP.length)]!), bytes.subarray(at, to));
  }
}
