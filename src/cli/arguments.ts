import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../config/units.ts';

/** Parsers of option values. What makes no sense is a usage error, said before anything is done. */

export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`Give a whole number ${range}.`);
    }
    return value;
  };

/** Milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Write 30s, 5m or 1h.');
  return ms;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8480`, `[::1]:8480`, or a port alone, which is one of this machine only. */
export function listenAddress(text: string): ListenAddress {
  const [, host, digits] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 65_535)) throw new InvalidArgumentError('Write host:port, as 127.0.0.1:8480.');
  return { host: host?.replace(/^\[(.*)\]$/, '$1') ?? '127.0.0.1', port };
}

/** Every value of an option that may be given several times. */
export const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const names = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
