import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { addressKey, addressOf, datasets } from '../../collector/port.ts';
import { type Config, whereIs } from '../../config/config.ts';
import { problemsOf } from '../../config/problems.ts';
import { warningsOf } from '../../config/warnings.ts';
import { QuarryError } from '../../core/errors.ts';
import { EXIT } from '../exit.ts';
import { print, printJson } from '../output.ts';
import { configuration } from './configuration.ts';

const REACH_MS = 5000;

interface ValidateOptions {
  readonly config?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/**
 * Syntax → schema → references and secrets → addresses; then, unless offline, whether the API servers can be reached.
 * Throws what is wrong; as JSON it is on standard output besides.
 */
export async function validate(options: ValidateOptions): Promise<number> {
  try {
    return await validated(options);
  } catch (error) {
    if (options.json === true && error instanceof QuarryError) {
      const { code, where = '', message } = error;
      const problems = problemsOf(error);
      const one = { code, where, path: '', message };
      await printJson({ ok: false, problems: problems.length > 0 ? problems : [one], unreachable: [], warnings: [] });
    }
    throw error;
  }
}

async function validated(options: ValidateOptions): Promise<number> {
  const config = configuration(options.config);
  const servers = apiServers(config);
  const warnings = warningsOf(config, { datasets });
  const unreachable: { connection: string; server: string; why: string }[] = [];
  if (options.offline !== true) {
    for (const { connection, url } of servers) {
      const why = await reach(url);
      if (why !== undefined) unreachable.push({ connection, server: url.origin, why });
    }
  }
  if (options.json === true)
    await printJson({ file: config.file, ok: unreachable.length === 0, problems: [], unreachable, warnings });
  else {
    for (const warning of warnings) process.stderr.write(`${warning}\n`);
    for (const { connection, server, why } of unreachable)
      process.stderr.write(`${whereIs(config, `connections.${connection}`)}: ${server} cannot be reached: ${why}\n`);
    const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
    const said = `${count(config.connections.size, 'connection')}, ${count(config.sinks.size, 'sink')}`;
    if (unreachable.length === 0)
      await print(
        `${config.file ?? 'configuration'}: valid (${said}${options.offline === true ? '; network not tried' : ''})\n`,
      );
  }
  return unreachable.length === 0 ? EXIT.ok : EXIT.config;
}

/** Where each connection leads; throws for a platform nobody knows, with its place in the file. */
function apiServers(config: Config): { connection: string; url: URL }[] {
  return [...config.connections.values()].map((connection) => {
    const { id } = connection;
    try {
      return { connection: id, url: addressOf(connection).api };
    } catch (error) {
      if (!(error instanceof QuarryError)) throw error;
      const path = `connections.${id}.${addressKey(connection)}`;
      throw new QuarryError(error.code, { what: error.message, where: whereIs(config, path), fix: error.fix });
    }
  });
}

async function reach(url: URL): Promise<string | undefined> {
  try {
    await lookup(url.hostname);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return new Promise((resolve) => {
    const socket = connect({
      host: url.hostname,
      port: Number(url.port) || (url.protocol === 'http:' ? 80 : 443),
      timeout: REACH_MS,
    });
    const end = (why: string | undefined): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end(`no answer within ${REACH_MS / 1000} s`));
    socket.once('error', (error) => end(error.message));
  });
}
