import { z } from 'zod';
import type { Config } from './config.ts';
import { configSchema, type Parts } from './schema.ts';

/** The configuration as it is in force, for people to read: a plain object without secrets, positions or functions. */
export function redacted(config: Config): Readonly<Record<string, unknown>> {
  const { positions: _, references: __, presets: ___, ...shown } = config;
  // Secrets print themselves as [redacted]; maps become objects.
  const text = JSON.stringify(shown, (_key, value: unknown) =>
    value instanceof Map ? Object.fromEntries(value) : value,
  );
  return JSON.parse(text) as Record<string, unknown>;
}

/** The JSON Schema of `quarry.yaml`, for editors. Says what the file may hold, `${…}` included. */
export function jsonSchema(parts: Parts): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema(parts), {
    io: 'input',
    override: ({ jsonSchema: node }) => {
      if (node.type === 'object' && node.properties !== undefined) node.additionalProperties ??= false;
      if ('const' in node || 'enum' in node) return;
      if (node.type !== 'number' && node.type !== 'integer' && node.type !== 'boolean') return;
      // A number may be written with a unit, and both may come from a variable.
      const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node;
      const bounds = { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum };
      const given = Object.entries(bounds).filter(([, bound]) => bound !== undefined);
      for (const [name] of given) delete node[name];
      const written = type === 'boolean' ? /^\$\{.+\}$/ : /^\$\{.+\}$|^\d+[A-Za-z]+$/;
      node.anyOf = [Object.fromEntries(given), { type: 'string', pattern: written.source }];
    },
  });
  return { ...schema, title: 'Quarry configuration' };
}
