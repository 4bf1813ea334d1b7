/** Lines in the form of Devo's collectors. */

export type Level = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';
/** Their names for the parts of a collector; ours run in one process of the operating system. */
export type Part = 'MainProcess' | 'InputProcess' | 'OutputProcess';

export interface Place {
  readonly part: Part;
  readonly thread: string;
}

export type Say = (level: Level, place: Place, message: string) => void;

export const mainThread = (part: Part): Place => ({ part, thread: 'MainThread' });

/** `2024-05-30T17:12:26.992    INFO InputProcess::MainThread -> message`; the time is in UTC. */
export const devoLine = (at: number, level: Level, { part, thread }: Place, message: string): string =>
  `${new Date(at).toISOString().slice(0, -1)} ${level.padStart(7)} ${part}::${thread} -> ${message}\n`;

/** A time as Python prints it: `2024-01-03 10:00:00+00:00`, with six digits of a second where they are not zero. */
export function pythonTime(at: string | number): string {
  const iso = new Date(at).toISOString();
  const fraction = iso.slice(20, 23);
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction === '000' ? '' : `.${fraction}000`}+00:00`;
}

/** A value as Python prints it, for what their state is shown in. */
export function pythonText(value: unknown): string {
  if (value === undefined || value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, inner]) => `${pythonText(key)}: ${pythonText(inner)}`)
      .join(', ')}}`;
  return String(value);
}

/** JSON as Python writes it, with a blank after commas and colons. */
export const pythonJson = (value: Readonly<Record<string, string | number | null>>): string =>
  `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${JSON.stringify(inner)}`)
    .join(', ')}}`;
