import { QuarryError } from '../core/errors.ts';
import { configuration } from './commands/configuration.ts';

/**
 * Where the collector of this machine answers. QUARRY_LISTEN goes first, so that a check of its health does not hang on
 * a configuration that somebody is just changing. Throws QRY6012 where it has no server or no fixed port.
 */
export function ownUrl(file: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const listen = /^(.*):(\d+)$/.exec(env['QUARRY_LISTEN'] ?? '');
  const named =
    listen === null ? undefined : { host: (listen[1] ?? '').replaceAll(/[[\]]/g, ''), port: Number(listen[2]) };
  const { server } = named === undefined ? configuration(file) : { server: { listen: named } };
  if (server === false)
    throw new QuarryError('QRY6012', { what: 'The configuration has no server (`server: false`).' });
  const { host, port } = server.listen;
  if (port === 0)
    throw new QuarryError('QRY6012', { what: 'The server listens on a port that is chosen at its start.' });
  // What listens everywhere listens here, too.
  const here =
    { '': '[::1]', '::': '[::1]', '0.0.0.0': '127.0.0.1' }[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${here}:${port}`;
}
