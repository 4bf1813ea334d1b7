import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import { type LoadOptions, loadConfig } from '../../src/config/load.ts';
import { problemsOf, problemText } from '../../src/config/problems.ts';
import type { Parts } from '../../src/config/schema.ts';

const hostOptions = { tags_include: z.array(z.string()).optional(), severities: z.string().optional() };
const results = z.union([z.enum(['full', 'none']), z.number().int().positive()]).default('full');
/** Data sets and sinks made up for these tests, with every kind of option the real ones have. */
export const parts: Parts = {
  datasets: new Map(
    [
      {
        name: 'hosts',
        aliases: [],
        options: z.object({ ...hostOptions, results }),
        key: [
          { from: 'context' as const, field: 'ID' },
          { from: 'record' as const, field: 'FQDN' },
          { from: 'record' as const, field: 'STATUS/STATE' },
        ],
        order: 'id' as const,
        format: { kind: 'xml', inner: { as: 'HOST' } },
      },
      {
        name: 'fim_events',
        aliases: ['fim_alerts'],
        options: z.object({ deep: z.object({ er: z.boolean() }).optional() }),
      },
    ].map((spec) => [spec.name, spec]),
  ),
  sinks: new Map(
    [
      {
        type: 'file',
        config: z.object({ path: z.string().min(1), rotate: z.number().default(7) }),
        capabilities: { formats: ['raw', 'ecs'] },
      },
      { type: 'stdout', config: z.object({}), capabilities: { formats: ['raw'] } },
    ].map((spec) => [spec.type, spec]),
  ),
};

export const from = (text: string, env: LoadOptions['env'] = {}): Config =>
  loadConfig({ ...parts, text, env, cwd: '/srv/quarry' });

/** A connection with these lines more. */
export const acme = (...lines: string[]) =>
  [
    'connections:',
    '  acme:',
    '    platform: US1',
    '    username: joe',
    '    password: secret',
    ...lines.map((line) => `    ${line}`),
  ].join('\n');

/** The problems of a text, one line each. */
export function problems(text: string, env: LoadOptions['env'] = {}): string[] {
  try {
    from(text, env);
  } catch (error) {
    const list = problemsOf(error);
    if (list.length > 0) return list.map(problemText);
    throw error;
  }
  return [];
}
