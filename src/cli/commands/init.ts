import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { datasets, platformByLogin, platformByUrl, presets, resolveAddress, sinks } from '../../collector/port.ts';
import { convertDevo } from '../../config/devo/convert.ts';
import { jsonSchema } from '../../config/show.ts';
import { asQuarryError, QuarryError } from '../../core/errors.ts';
import { names } from '../arguments.ts';
import { type Answers, configText, roles } from '../init-text.ts';
import { noSuch } from '../names.ts';
import { print } from '../output.ts';

export interface InitFlags {
  readonly platform?: string;
  readonly url?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly connection?: string;
  readonly datasets?: string;
  readonly outputDir?: string;
  readonly from?: string;
  readonly out: string;
  readonly yes?: boolean;
  readonly force?: boolean;
}

const SCHEMA_BESIDE = './quarry.schema.json';

/**
 * What stands for one answer: the option, where it is given; else a person is asked until the answer is one that `take`
 * takes; without a person, the usual answer. Rejects with what `take` throws.
 */
type Ask = <T>(given: string | undefined, question: string, usual: string, take: (answer: string) => T) => Promise<T>;

const takeUsual: Ask = async (given, _, usual, take) => take(given ?? usual);

export async function init(flags: InitFlags): Promise<number> {
  const out = resolve(flags.out);
  if (existsSync(out) && flags.force !== true)
    throw new QuarryError('QRY6006', { what: `${flags.out} is there already.`, where: out });
  if (flags.from !== undefined) return convert(flags.from, flags, out);
  const people = flags.yes !== true && process.stdin.isTTY === true;
  const answers = await (people ? asked(flags, out) : answered(flags, out, takeUsual));
  const known = [...datasets.values()];
  await write(out, configText(answers, known), answers.schema, flags);
  await print(`${flags.out} is written; only you can read it.\n\n${needs(answers)}\n${next(answers, flags.out)}`);
  return 0;
}

async function write(out: string, text: string, schema: string, { force }: InitFlags): Promise<void> {
  await writeFile(out, text, { mode: 0o600, flag: force === true ? 'w' : 'wx' });
  await chmod(out, 0o600);
  if (schema === SCHEMA_BESIDE)
    await writeFile(
      join(dirname(out), SCHEMA_BESIDE),
      JSON.stringify(jsonSchema({ datasets, sinks, presets }), null, 2),
    );
}

/** From the configuration of a Devo collector. */
async function convert(from: string, flags: InitFlags, out: string): Promise<number> {
  const schema = schemaFor(out);
  const parts = { datasets, sinks, presets };
  const options = { ...parts, file: resolve(from), env: {}, cwd: process.cwd() };
  const text = convertDevo(options, schema);
  if (text === undefined)
    throw new QuarryError('QRY6004', {
      what: `${from} is in no layout Quarry can convert.`,
      where: '--from',
      fix: 'Leave --from out and answer the questions.',
    });
  await write(out, text, schema, flags);
  const next = out.endsWith('/quarry.yaml') ? '' : ` -c ${flags.out}`;
  await print(
    `${flags.out} is written; only you can read it. It holds the password, as ${from} does.\n\nNext:\n  quarry validate${next}\n  quarry run${next}\n`,
  );
  return 0;
}

async function asked(flags: InitFlags, out: string): Promise<Answers> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  lines.once('close', () => gone.abort());
  try {
    return await answered(flags, out, async (given, question, usual, take) => {
      if (given !== undefined) return take(given);
      for (;;) {
        const shown = `${question}${usual === '' ? '' : ` [${usual}]`}: `;
        const answer = (await lines.question(shown, { signal: gone.signal })).trim();
        try {
          return take(answer || usual);
        } catch (thrown) {
          const error = asQuarryError(thrown);
          process.stderr.write(`  ${error.message} ${error.fix}\n`);
        }
      }
    });
  } catch (thrown) {
    if (gone.signal.aborted) throw new QuarryError('QRY6001', { what: 'No more answers: nothing was written.' });
    throw thrown;
  } finally {
    lines.close();
  }
}

async function answered(flags: InitFlags, out: string, ask: Ask): Promise<Answers> {
  const connection = await ask(flags.connection, 'Name of this connection (a-z, 0-9, _ and -)', 'qualys', idTaken);
  const orNone = (answer: string): string | undefined => answer || undefined;
  const username = await ask(flags.username, 'User name at Qualys (empty: from ${QUALYS_USERNAME} alone)', '', orNone);
  const likely = username === undefined ? undefined : platformByLogin(username)?.name;
  const hint = likely === undefined ? '' : ` (your login looks like ${likely})`;
  const where = `Platform (US1, EU2 …) or the address you sign in at${hint}`;
  const address = await ask(flags.url ?? flags.platform, where, likely ?? '', addressTaken);
  const file = 'File that holds the password (empty: from ${QUALYS_PASSWORD})';
  const passwordFile = await ask(flags.passwordFile, file, '', orNone);
  const which = `Data sets, separated by commas: all, ${[...datasets.keys()].join(', ')}`;
  const chosen = await ask(flags.datasets, which, 'all', datasetsTaken);
  const outputDir = await ask(flags.outputDir, 'Folder for the events', './out', (answer) => answer);
  return { connection, ...address, username, passwordFile, datasets: chosen, outputDir, schema: schemaFor(out) };
}

function idTaken(answer: string): string {
  if (/^[a-z0-9_-]{1,64}$/.test(answer)) return answer;
  throw new QuarryError('QRY6004', {
    what: `“${answer}” is no name of a connection: a-z, 0-9, _ and - only.`,
    fix: 'Write a name such as acme.',
  });
}

/** The data sets' own names; undefined for all. */
function datasetsTaken(answer: string): readonly string[] | undefined {
  const chosen = names(answer);
  if (chosen.length === 0 || chosen.includes('all')) return undefined;
  return chosen.map((name) => {
    const found = [...datasets.values()].find((one) => one.name === name || one.aliases.includes(name));
    if (found === undefined) throw noSuch('data set', name, [...datasets.keys()]);
    return found.name;
  });
}

/** A platform's name, or any address of one; what is no platform must be an API server. */
function addressTaken(given: string): { platform: string } | { apiUrl: string } {
  if (given === '')
    throw new QuarryError('QRY1014', {
      what: 'Nothing says which platform the account lives on.',
      fix: 'Say --platform US1 or --url with the address you sign in at.',
    });
  const known = platformByUrl(given);
  if (known !== undefined) return { platform: known.name };
  if (/[./:]/.test(given)) {
    resolveAddress({ api_url: given });
    return { apiUrl: given };
  }
  const { api } = resolveAddress({ platform: given });
  return { platform: platformByUrl(api.href)?.name ?? given };
}

/** The schema of this installation, as the configuration's folder sees it; where none came along it is written beside. */
function schemaFor(out: string): string {
  const file = fileURLToPath(new URL('../../../docs/reference/config.schema.json', import.meta.url));
  if (!existsSync(file)) return SCHEMA_BESIDE;
  const near = relative(dirname(out), file);
  return near.startsWith('..') ? file : `./${near}`;
}

function needs({ datasets: chosen }: Answers): string {
  const all = [...datasets.values()].filter(({ name }) => chosen?.includes(name) ?? true);
  const lines = all.map(({ name, permission }) => `  ${name}: ${permission.licence}`);
  return `The Qualys account needs API access and may only read. For the data sets chosen:\n${lines.join('\n')}\nWho sees what:\n${roles(
    all,
  )
    .map((line) => `  ${line}`)
    .join('\n')}\n`;
}

function next({ username, passwordFile }: Answers, out: string): string {
  const variables = [
    ...(username === undefined ? ['QUALYS_USERNAME=…'] : []),
    ...(passwordFile === undefined ? ['QUALYS_PASSWORD=…'] : []),
  ];
  const config = out === 'quarry.yaml' ? '' : ` -c ${out}`;
  const before = variables.length === 0 ? '' : `  export ${variables.join(' ')}\n`;
  return `Next:\n${before}  quarry validate${config}\n  quarry check${config}\n`;
}
