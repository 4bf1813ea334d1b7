/** Faults in the text of an answer, piece by piece. A piece never ends inside a tag or a CDATA section. */
import type { ActiveFaults } from './faults.ts';

/** Placeholder for bytes that no string can hold; replaced when the text becomes bytes. */
export const BAD_BYTES = '\uE000';

export function* spoil(body: Iterable<string>, faults: ActiveFaults): Generator<string> {
  const once = onceOnly(faults);
  const always = everywhere(faults);
  const breakAt = faults.number('error-after-partial', 4000);
  const keepAlive = faults.has('keep-alive');
  let sent = 0;
  let done = once.length === 0;
  let pieces = 0;
  for (const piece of body) {
    if (piece === '') {
      yield piece;
      continue;
    }
    let text = piece;
    if (!done) {
      for (const change of once) {
        const changed = change(text);
        if (changed !== text) done = true;
        text = changed;
      }
    }
    for (const change of always) text = change(text);
    if (breakAt !== undefined && sent + text.length > breakAt) {
      yield `${text.slice(0, Math.max(0, breakAt - sent))}\n<?xml version="1.0" encoding="UTF-8" ?>\n<SIMPLE_RETURN><RESPONSE><CODE>999</CODE><TEXT>Internal Error</TEXT></RESPONSE></SIMPLE_RETURN>\n`;
      return;
    }
    sent += text.length;
    if (keepAlive && pieces++ > 0) yield '<!-- keep-alive for OUTPUT  -->\n';
    yield text;
  }
}

type Change = (text: string) => string;

const FIRST_CDATA = /<!\[CDATA\[[\s\S]*?\]\]>/;

function onceOnly(faults: ActiveFaults): Change[] {
  const changes: Change[] = [];
  if (faults.has('bare-amp')) changes.push((text) => text.replace(FIRST_CDATA, 'R&D department'));
  if (faults.has('ctrl-chars'))
    changes.push((text) => text.replace(FIRST_CDATA, '<![CDATA[bell \u0001 and \u000B tab]]>'));
  if (faults.has('bad-utf8')) changes.push((text) => text.replace(FIRST_CDATA, `<![CDATA[M${BAD_BYTES}nchen]]>`));
  return changes;
}

const OPTIONAL = [
  'OS',
  'DNS',
  'NETBIOS',
  'TRACKING_METHOD',
  'SEVERITY',
  'TIMES_FOUND',
  'LAST_TEST_DATETIME',
  'LAST_UPDATE_DATETIME',
];
const OPTIONAL_ELEMENT = new RegExp(`[ ]*<(${OPTIONAL.join('|')})>[\\s\\S]*?</\\1>\\n`, 'g');
const TAG_OR_TEXT = /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<!DOCTYPE \w+|<\/?[A-Z][\w-]*/g;

function everywhere(faults: ActiveFaults): Change[] {
  const changes: Change[] = [];
  if (faults.has('missing-optional')) changes.push((text) => text.replace(OPTIONAL_ELEMENT, ''));
  if (faults.has('unknown-elements')) {
    changes.push((text) =>
      text.replace(
        /<(ID|QID)>(\d+)<\/\1>\n/g,
        '<$1>$2</$1>\n<NOVELTY kind="a &amp; b"><INNER>1</INNER><INNER /></NOVELTY>\n<MITRE_TACTIC_ID>TA0001</MITRE_TACTIC_ID>\n',
      ),
    );
  }
  if (faults.has('lower-case')) {
    changes.push((text) =>
      text.replace(TAG_OR_TEXT, (match) =>
        match.startsWith('<![') || match.startsWith('<!--')
          ? match
          : match.startsWith('<!DOCTYPE ')
            ? `<!DOCTYPE ${match.slice(10).toLowerCase()}`
            : match.toLowerCase(),
      ),
    );
  }
  return changes;
}
