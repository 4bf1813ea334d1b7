import {
  type Checked,
  checkConnection,
  curlOf,
  datasets,
  permissionRecipe,
  savedBudgets,
} from '../../collector/port.ts';
import type { Config, ConnectionConfig } from '../../config/config.ts';
import { explain } from '../../core/errors.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import { named } from '../names.ts';
import { print, printJson } from '../output.ts';
import { stopping } from '../stopping.ts';
import { version } from '../version.ts';
import { wholeConfiguration } from './configuration.ts';
import { lookIfThere } from './look.ts';

export interface CheckFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly showCurl?: boolean;
}

/** Signs in and tries every enabled data set; says of each failure what it means and what to do. */
export async function check(wanted: string | undefined, flags: CheckFlags): Promise<number> {
  const config = await wholeConfiguration(flags.config);
  const connections =
    wanted === undefined ? [...config.connections.values()] : [named('connection', wanted, config.connections)];
  const saved = await lookIfThere(config, async (outbox) => (outbox === undefined ? new Map() : savedBudgets(outbox)));
  const all: Checked[] = [];
  const recipes: Record<string, readonly string[]> = {};
  const stop = stopping(0, () => {});
  try {
    for (const connection of connections) {
      if (flags.json !== true) await print(`${connection.id}\n`);
      for await (const checked of checkConnection(connection, {
        config,
        version: version(),
        signal: stop.finish,
        saved: saved.get(connection.subscription),
      })) {
        all.push(checked);
        if (flags.json !== true) await print(textOf(checked, curl(config, connection, checked, flags)));
      }
      const note = foreign(all.filter((one) => one.connection === connection.id));
      if (note !== undefined && flags.json !== true) await print(`  ${note}\n`);
      const recipe = recipeFor(all.filter((one) => one.connection === connection.id));
      if (recipe.length > 0) recipes[connection.id] = recipe;
      if (recipe.length > 0 && flags.json !== true)
        await print(`  What to allow in Qualys:\n${recipe.map((line) => `    ${line}\n`).join('')}`);
    }
  } catch (thrown) {
    if (stop.code() !== undefined) return stop.code()!;
    throw thrown;
  } finally {
    stop.end();
  }
  if (flags.json === true) {
    const checks = all.map((one) => jsonOf(one, curl(config, config.connections.get(one.connection)!, one, flags)));
    await printJson({ ok: all.every(({ outcome }) => outcome === 'ok'), checks, recipes });
  }
  return exitOf(all);
}

const curl = (
  config: Config,
  connection: ConnectionConfig,
  { call, ways = [] }: Checked,
  flags: CheckFlags,
): string | undefined =>
  call === undefined || flags.showCurl !== true ? undefined : curlOf(config, connection, call, ways);

function textOf(checked: Checked, command: string | undefined): string {
  const { what, outcome, about, error, ms } = checked;
  const mark = { ok: 'ok     ', failed: 'FAILED ', skipped: '-      ' }[outcome];
  const limits = limitsText(checked);
  const tail = [about, ...(ms === undefined ? [] : [`${ms} ms`]), ...(limits === undefined ? [] : [limits])].join('; ');
  const lines = [`  ${mark}${what.padEnd(20)}  ${error === undefined ? tail : indented(explain(error))}`];
  if (command !== undefined) lines.push(`         ${command.replaceAll('\n', '\n         ')}`);
  return `${lines.join('\n')}\n`;
}

const indented = (text: string): string => text.replaceAll('\n', '\n       ');

function limitsText({ limits }: Checked): string | undefined {
  if (limits === undefined) return undefined;
  const { limit, windowSec, remaining, concurrency } = limits;
  if (limit === undefined) return 'no limits in the headers';
  const window =
    windowSec === undefined || windowSec === 3600 ? 'an hour' : windowSec === 86_400 ? 'a day' : `${windowSec} s`;
  const left = remaining === undefined ? '' : `, ${remaining} left`;
  return `${limit} calls ${window}${left}${concurrency === undefined ? '' : `, ${concurrency} at once`}`;
}

/** What a data set was refused for that a role or a licence mends. */
const PERMISSION = new Set(['QRY2012', 'QRY2022']);

/** How to allow exactly the data sets that were refused. */
function recipeFor(checks: readonly Checked[]): readonly string[] {
  const refused = checks.filter(({ error }) => error !== undefined && PERMISSION.has(error.code));
  return permissionRecipe(refused.flatMap(({ what }) => datasets.get(what) ?? []));
}

/** Calls of this subscription that are not ours: seen in what the headers counted beyond ours. */
function foreign(checks: readonly Checked[]): string | undefined {
  const seen = checks.filter(({ limits }) => (limits?.others ?? 0) > 0);
  if (seen.length === 0) return undefined;
  const which = seen.map(({ what, limits }) => `${what} ${limits!.others}`).join(', ');
  return `note   somebody else calls this subscription's APIs (calls of the current window: ${which}). Limits are shared: give Quarry a user of its own, and see which other tool runs. (An earlier check counts as well.)`;
}

function jsonOf(checked: Checked, command: string | undefined): Record<string, unknown> {
  const { error, call: _, ways: __, limits, ...facts } = checked;
  return {
    ...facts,
    ...(limits === undefined ? {} : { limits }),
    ...(error === undefined
      ? {}
      : {
          error: {
            code: error.code,
            what: error.message,
            where: error.where,
            why: error.why,
            fix: error.fix,
            qualys: error.qualys,
          },
        }),
    ...(command === undefined ? {} : { curl: command }),
  };
}

/** What failed by itself, not what was skipped for it, decides: one kind of failure everywhere, else 3. */
function exitOf(all: readonly Checked[]): number {
  const codes = new Set(all.flatMap(({ error }) => (error === undefined ? [] : [exitCodeOf(error)])));
  if (codes.size === 0) return EXIT.ok;
  const someDataset = all.some(({ outcome, call }) => outcome === 'ok' && call !== undefined);
  return codes.size === 1 && !someDataset ? [...codes][0]! : EXIT.partial;
}
