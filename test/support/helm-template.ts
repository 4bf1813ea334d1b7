import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';

/**
 * A stand-in for `helm template`, for the few words of it that our chart uses: `if`, `else`, `end`, `define`, `include`,
 * pipelines of `quote`, `default`, `nindent`, `toYaml`, `sha256sum`. Anything else is an error, as is a value that
 * values.yaml does not have, which Helm would render as nothing.
 */
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'put'; readonly what: string }
  | { readonly kind: 'if'; readonly what: string; readonly yes: Node[]; readonly no: Node[] };
type Values = Readonly<Record<string, unknown>>;

export function renderChart(chart: string, values: Values = {}): unknown[] {
  const read = (name: string): string => readFileSync(join(chart, name), 'utf8');
  const { version: _, ...facts } = parse(read('Chart.yaml')) as Record<string, unknown>;
  const scope = {
    Values: merged(parse(read('values.yaml')) as Values, values),
    Chart: { AppVersion: facts['appVersion'] },
    Release: { Name: 'acme', Service: 'Helm' },
  };
  const parts = new Map<string, Node[]>();
  for (const [, name = '', body = ''] of read('templates/_helpers.tpl').matchAll(
    /\{\{- define "([^"]+)" -\}\}\n([\s\S]*?)\n\{\{- end \}\}(?=\n\n|\n$)/g,
  ))
    parts.set(name, nodesOf(body));
  const files = readdirSync(join(chart, 'templates')).filter((name) => name.endsWith('.yaml'));
  return files.flatMap((file) => {
    const text = render(nodesOf(read(join('templates', file))), scope, parts);
    return parseAllDocuments(text).flatMap((document) => {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}\n${text}`);
      const made: unknown = document.toJS();
      return made === null ? [] : [made];
    });
  });
}

function merged(base: Values, over: Values): Values {
  const isMap = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const both = Object.entries(over).map(([key, value]) => {
    const below = base[key];
    return [key, isMap(value) && isMap(below) ? merged(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(both) };
}

function nodesOf(template: string): Node[] {
  const root: Node[] = [];
  const open: { node: Extract<Node, { kind: 'if' }>; into: Node[] }[] = [];
  const into = (): Node[] => open.at(-1)?.into ?? root;
  let at = 0;
  let trim = false;
  const text = (to: number, trimEnd: boolean): void => {
    let piece = template.slice(at, to);
    if (trim) piece = piece.trimStart();
    if (trimEnd) piece = piece.trimEnd();
    if (piece !== '') into().push({ kind: 'text', text: piece });
  };
  for (const match of template.matchAll(/\{\{(-?)\s*([^{}]*?)\s*(-?)\}\}/g)) {
    const [whole, before, what = '', after] = match;
    text(match.index, before === '-');
    at = match.index + whole.length;
    trim = after === '-';
    if (what.startsWith('if ')) {
      const node = { kind: 'if' as const, what: what.slice(3), yes: [], no: [] };
      into().push(node);
      open.push({ node, into: node.yes });
    } else if (what === 'else') {
      open.at(-1)!.into = open.at(-1)!.node.no;
    } else if (what === 'end') {
      if (open.pop() === undefined) throw new Error('an end too many');
    } else into().push({ kind: 'put', what });
  }
  text(template.length, false);
  if (open.length > 0) throw new Error(`no end of “if ${open[0]!.node.what}”`);
  return root;
}

function render(nodes: readonly Node[], scope: Values, parts: ReadonlyMap<string, Node[]>): string {
  const value = (word: string): unknown => {
    if (/^".*"$/.test(word)) return word.slice(1, -1);
    if (/^\d+$/.test(word)) return Number(word);
    if (word === '.') return scope;
    let found: unknown = scope;
    for (const name of word.slice(1).split('.')) {
      found = (found as Values)[name];
      if (found === undefined) throw new Error(`there is no ${word}`);
    }
    return found;
  };
  const pipe = (what: string): unknown => {
    let piped: unknown[] = [];
    for (const step of what.split(/\s*\|\s*/)) {
      const [name = '', ...args] = step.match(/"[^"]*"|\S+/g) ?? [];
      piped = [/^["\d.]/.test(name) ? value(name) : call(name, [...args.map(value), ...piped])];
    }
    return piped[0];
  };
  const call = (name: string, args: readonly unknown[]): unknown => {
    const last = args.at(-1);
    if (name === 'quote') return JSON.stringify(String(last));
    if (name === 'default') return last === '' ? args[0] : last;
    if (name === 'toYaml') return stringify(last).trimEnd();
    if (name === 'sha256sum') return createHash('sha256').update(String(last)).digest('hex');
    if (name === 'nindent') return `\n${String(last).replaceAll(/^/gm, ' '.repeat(Number(args[0])))}`;
    const part = name === 'include' ? parts.get(String(args[0])) : undefined;
    if (part === undefined) throw new Error(`not known here: ${name} ${String(args[0])}`);
    return render(part, scope, parts);
  };
  return nodes
    .map((node) => {
      if (node.kind === 'text') return node.text;
      if (node.kind === 'put') return String(pipe(node.what));
      const condition = pipe(node.what);
      const holds = Array.isArray(condition) ? condition.length > 0 : Boolean(condition);
      return render(holds ? node.yes : node.no, scope, parts);
    })
    .join('');
}
