/** Reads the small XML documents clients send: elements, attributes, text. Nothing else is taken. */

export interface RequestNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: RequestNode[];
  text: string;
}

const TOKEN =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The root element; undefined for a text that is not well-formed. */
export function readRequestXml(text: string): RequestNode | undefined {
  const top: RequestNode = { name: '', attributes: {}, children: [], text: '' };
  const stack = [top];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, section, closing, name, attributes, empty, plain] = match;
    const here = stack.at(-1)!;
    if (section !== undefined) here.text += section;
    else if (plain !== undefined) here.text += unescaped(plain);
    else if (name !== undefined && closing === '/') {
      if (stack.length === 1 || here.name !== name) return undefined;
      stack.pop();
    } else if (name !== undefined) {
      const node: RequestNode = { name, attributes: readAttributes(attributes ?? ''), children: [], text: '' };
      here.children.push(node);
      if (empty !== '/') stack.push(node);
    }
  }
  return stack.length === 1 && top.children.length === 1 ? top.children[0] : undefined;
}

function readAttributes(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE)) found[name!] = unescaped(double ?? single ?? '');
  return found;
}

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hexadecimal, name: string) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(String(hexadecimal), 16));
    return ENTITIES[name] ?? whole;
  });
}
