import manifest from '../package.json' with { type: 'json' };
import type { Api } from '../src/api/context.ts';
import { buildServer } from '../src/api/server.ts';
import { systemClock } from '../src/core/clock.ts';
import { silentLog } from '../src/core/log.ts';

/** The description of the HTTP API, and from it the types the page is written with. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
}

interface Document {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** Routes are only described: nothing behind them is there. */
async function openapi(): Promise<Document> {
  const recent = { after: () => [], follow: () => () => {}, add: () => {} };
  const service = { version: manifest.version, clock: systemClock, outbox: {}, logs: recent, events: recent };
  const api = { service, accounts: { store: {}, keys: {} } } as unknown as Api;
  const app = await buildServer({ api, log: silentLog });
  const document = app.swagger() as Document;
  await app.close();
  return document;
}

const PLAIN = ['string', 'number', 'boolean', 'null'];
const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : JSON.stringify(value);
const nameOf = (ref: string): string => ref.split('/').at(-1)!;

function typeText(schema: Schema, indent = ''): string {
  if (Array.isArray(schema.type))
    return schema.type.map((type) => typeText({ ...schema, type } as Schema, indent)).join(' | ');
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if ('const' in schema) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map((one) => typeText(one, indent)))].join(' | ');
  if (schema.type === 'array') {
    const item = typeText(schema.items ?? {}, indent);
    const isChoice = !item.startsWith('{') && item.includes(' ');
    return `readonly ${isChoice ? `(${item})` : item}[]`;
  }
  if (schema.properties !== undefined) return objectText(schema, indent);
  if (schema.type === 'object') {
    const { additionalProperties: value } = schema;
    return `Readonly<Record<string, ${typeof value === 'object' ? typeText(value, indent) : 'unknown'}>>`;
  }
  if (schema.type === 'integer') return 'number';
  return PLAIN.find((type) => type === schema.type) ?? 'unknown';
}

function objectText({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const about = schema.description === undefined ? '' : `${inner}/** ${schema.description} */\n`;
    const optional = required.includes(name) ? '' : '?';
    const key = /^[a-z_]\w*$/i.test(name) ? name : literal(name);
    return `${about}${inner}readonly ${key}${optional}: ${typeText(schema, inner)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

function typesText({ components }: Document): string {
  const head = '// Generated from the HTTP API by `npm run generate`; changes here are lost.\n';
  const types = Object.entries(components?.schemas ?? {})
    // What a client sends looks the same.
    .filter(([name, schema]) => !name.endsWith('Input') && schema.type !== undefined)
    .map(([name, schema]) =>
      schema.properties === undefined
        ? `export type ${name} = ${typeText(schema)};\n`
        : `export interface ${name} ${objectText(schema, '')}\n`,
    );
  return [head, ...types].join('\n');
}

/** Both files, by their path from the root of the repository. */
export async function openapiFiles(): Promise<{ path: string; text: string }[]> {
  const document = await openapi();
  return [
    { path: 'docs/reference/openapi.json', text: `${JSON.stringify(document, null, 2)}\n` },
    { path: 'web/src/api-types.gen.ts', text: typesText(document) },
  ];
}
