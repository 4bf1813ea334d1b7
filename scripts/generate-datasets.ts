import { z } from 'zod';
import { describe } from '../src/collector/check/describe.ts';
import type { DatasetFile } from '../src/datasets/define.ts';
import { permissionRecipe } from '../src/datasets/recipe.ts';
import { datasets } from '../src/datasets/registry.gen.ts';

/** The pages `docs/reference/datasets/*.md` and `docs/guide/qualys-permissions.md`, made from the data sets' facts. */

const note = (from: string) => `<!-- Generated from ${from} by \`npm run generate\`; changes here are lost. -->`;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const code = (text: string): string => `\`${text}\``;

function span(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const)
    if (ms % size === 0) return `${ms / size} ${unit}`;
  return `${ms / 1000} s`;
}

const waysOf = ({ signIn }: DatasetFile): string =>
  signIn.map((way) => (way === 'basic' ? 'user name and password' : 'token')).join(', else ');

function optionsOf({ options }: DatasetFile): string {
  const { properties = {} } = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' });
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { description = '', default: usual } = typeof schema === 'boolean' ? {} : schema;
    return [code(name), usual === undefined ? '' : code(JSON.stringify(usual)), description];
  });
  return rows.length === 0 ? 'None of its own.' : table(['option', 'default', 'what it does'], rows);
}

function datasetPage(facts: DatasetFile): string {
  const { name, title, about, kind, schedule, permission, destinations, fields, aliases } = facts;
  const { api, server, versions, cursor, reads, sweeps, key, added } = describe(facts);
  const rows = [
    ...added.map((field) => [code(field), 'text', 'The object the record was read for; put in by Quarry.']),
    ...Object.entries(fields).map(([field, { type, about: what, sensitive }]) => [
      code(field),
      type,
      sensitive === true ? `${what} Sensitive.` : what,
    ]),
  ];
  const facts1 = table(
    ['', ''],
    [
      ['Kind', kind === 'log' ? 'log: rows are only added' : 'entity: current state'],
      ...(aliases.length === 0 ? [] : [['Also named', aliases.map(code).join(', ')]]),
      ['API', `${code(api)} on the ${server === 'gateway' ? 'gateway' : 'API server'}`],
      ...(versions.length === 0 ? [] : [['Versions', versions.join(', then ')]]),
      ['Sign-in', waysOf(facts)],
      ['Permission', permission.roles],
      ['Licence', permission.licence],
      ['Key', key.map(code).join(', ')],
      ['Read by', `${cursor}, ${reads === 'incremental' ? 'changes only' : 'everything at every pull'}`],
      ['Pulled every', span(schedule.every)],
      ...(sweeps.includes('ids') ? [['Ids swept every', span(schedule.sweepIds!)]] : []),
      ...(sweeps.includes('full') ? [['Swept whole every', span(schedule.sweepFull!)]] : []),
    ],
  );
  return `${[
    `# ${title} (${code(name)})`,
    note(`src/datasets/`),
    about,
    facts1,
    '## Options',
    `Besides those that every data set has (\`every\`, \`sweep\`, \`page_size\` …).`,
    optionsOf(facts),
    '## Fields',
    'The documented fields; any other that Qualys sends is kept as well.',
    table(['field', 'type', 'what it is'], rows),
    '## Example',
    `\`\`\`json\n${JSON.stringify(facts.example, null, 2)}\n\`\`\``,
    '## Destination names',
    table(
      ['destination', 'name'],
      Object.entries(destinations).map(([to, its]) => [to, code(its)]),
    ),
    '## Links',
    facts.links.map((link) => `- <${link}>`).join('\n'),
  ].join('\n\n')}\n`;
}

function permissionsPage(): string {
  const all = [...datasets.values()] as DatasetFile[];
  const rows = all.map((facts) => [
    `[${facts.name}](../reference/datasets/${facts.name}.md)`,
    facts.permission.licence,
    facts.permission.roles,
    waysOf(facts),
  ]);
  // What each data set needs stands in the table.
  const steps = permissionRecipe(all).slice(0, -all.length);
  return `${[
    '# What Quarry needs of Qualys',
    note('src/datasets/'),
    'Quarry only reads. Give it a user of its own, with API access, and for each data set you enable what stands beside it here; leave out what you do not collect. `quarry check` tries every enabled data set and says which of them the user may not read.',
    table(['data set', 'licence', 'role and scope', 'sign-in'], rows),
    '## How to allow it',
    'For all data sets; `quarry check` prints the same for those that were refused.',
    steps.map((step, i) => `${i + 1}. ${step}`).join('\n'),
  ].join('\n\n')}\n`;
}

/** Every page, by its path from the root of the repository. */
export function datasetPages(): { path: string; text: string }[] {
  const all = [...datasets.values()] as DatasetFile[];
  return [
    ...all.map((facts) => ({ path: `docs/reference/datasets/${facts.name}.md`, text: datasetPage(facts) })),
    { path: 'docs/guide/qualys-permissions.md', text: permissionsPage() },
  ];
}
