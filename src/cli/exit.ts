import type { QuarryError } from '../core/errors.ts';

/** What the exit code says; see the interface page of the guide. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  refused: 4,
  sink: 5,
  later: 75,
  config: 78,
  interrupted: 130,
  terminated: 143,
} as const;

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: QuarryError): number {
  if (error.code.startsWith('QRY1')) return EXIT.config;
  if (/^QRY60[02]|^QRY7001/.test(error.code)) return EXIT.usage;
  if (error.code === 'QRY2020' || error.code === 'QRY2021' || error.code === 'QRY2022') return EXIT.later;
  if (error.next === 'stop_connection' || error.code === 'QRY2012' || error.code === 'QRY2013') return EXIT.refused;
  if (error.code.startsWith('QRY5')) return EXIT.sink;
  return EXIT.failed;
}
