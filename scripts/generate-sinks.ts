import { z } from 'zod';
import { sinkCommon } from '../src/config/schema.ts';
import { GUARANTEES } from '../src/core/sink.ts';
import type { SinkFile } from '../src/sinks/define.ts';
import { sinks } from '../src/sinks/registry.gen.ts';

/** The page `docs/reference/sinks.md`, made from what each sink says of itself. */

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const code = (text: string): string => `\`${text}\``;
const mebibytes = (bytes: number): string => `${Number((bytes / 1_048_576).toFixed(1))} MiB`;

function settings(schema: z.ZodObject): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const rows = Object.entries(properties).map(([name, one]) => {
    const { description = '', default: usual } = typeof one === 'boolean' ? {} : one;
    const value = usual === undefined ? (required.includes(name) ? 'required' : '') : code(JSON.stringify(usual));
    return [code(name), value, description];
  });
  return rows.length === 0 ? 'No settings of its own.' : table(['setting', 'default', 'what it says'], rows);
}

function section({ type, title, about, config, capabilities, libraries, testedAgainst }: SinkFile): string {
  const { guarantee, formats, batchBytes } = capabilities;
  return [
    `## ${title} (${code(type)})`,
    about,
    table(
      ['', ''],
      [
        ['Guarantee', guarantee],
        ['Formats', formats.map((format, i) => (i === 0 ? `${code(format)} (default)` : code(format))).join(', ')],
        ['One write', `about ${mebibytes(batchBytes)} at the most`],
        ['Libraries', libraries.length === 0 ? 'none to install' : libraries.map(code).join(', ')],
        ['Tested against', testedAgainst],
      ],
    ),
    settings(config),
  ].join('\n\n');
}

export function sinksPage(): string {
  const all = [...sinks.values()];
  return `${[
    '# Sinks',
    '<!-- Generated from src/sinks/ by `npm run generate`; changes here are lost. -->',
    'Where events go. What every sink keeps is [the contract of sinks](contract-sink.md); what a sink receives is decided by [routes](../guide/configuration.md#routes).',
    table(
      ['type', 'guarantee', 'formats'],
      all.map(({ type, title, capabilities: { guarantee, formats } }) => [
        `[${type}](#${anchorOf(title, type)})`,
        guarantee,
        formats.join(', '),
      ]),
    ),
    '## What a guarantee means',
    table(['guarantee', 'in other words'], Object.entries(GUARANTEES)),
    '## Settings that every sink has',
    `Besides ${code('type')} and ${code('format')}:`,
    settings(z.object(sinkCommon)),
    ...all.map(section),
  ].join('\n\n')}\n`;
}

/** As GitHub and its like make anchors of headings. */
const anchorOf = (title: string, type: string): string =>
  `${title} (${type})`
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
