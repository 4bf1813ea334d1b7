import { DEVO_ERRORS, type DevoError } from '../src/cli/devo-log/errors.ts';
import { CATALOGUE } from '../src/core/catalogue.ts';
import type { Next } from '../src/core/next.ts';

/** The page `docs/reference/errors.md`, made from the catalogue; `npm run generate` writes it. */

const GROUPS: Readonly<Record<string, string>> = {
  '1': 'Configuration',
  '2': 'Qualys',
  '3': 'Reading answers',
  '4': 'Store and outbox',
  '5': 'Sinks',
  '6': 'Collector and command line',
  '7': 'Simulator and demo',
  '9': 'Defects',
};

const NEXT: Readonly<Record<Next, string>> = {
  retry: 'tried again by itself',
  isolate: 'the page is halved until the culprit stands alone',
  stop_stream: 'this data set stops; the others go on',
  stop_connection: 'this connection stops; the others go on',
  stop_process: 'Quarry stops',
  park: 'the event is parked; the others go on',
};

const TOP = `# Error codes

<!-- Generated from src/core/catalogue.ts by \`npm run generate\`; changes here are lost. -->

Every error has a code that never changes its meaning. An error message says what happened and where; this page says
why such an error occurs, what you can do, and what Quarry does by itself.
`;

export function errorsPage(): string {
  const parts = [TOP];
  let group = '';
  for (const [code, { title, why, fix, next }] of Object.entries(CATALOGUE)) {
    const digit = code.charAt(3);
    if (digit !== group) {
      group = digit;
      parts.push(`## ${GROUPS[digit] ?? `${digit}xxx`}\n`);
    }
    parts.push(`### ${code}: ${title}\n\n${why}\n\n- **What to do:** ${fix}\n- **What happens:** ${NEXT[next]}\n`);
  }
  parts.push(DEVO, ...Object.values(DEVO_ERRORS).map(devoRow));
  return `${parts.join('\n')}\n`;
}

const DEVO = `## As Devo's collectors number them

In log lines of the format \`devo\` an error has the type, the id and the message of Devo's two collectors for Qualys; the
next line has its code of the table above. InitVariablesError 1 is about a file of theirs and does not occur. SetupError 102
means two things, as it does there: \`classic\` is the collector of scans, hosts, detections and user activity, \`fim\` that
of File Integrity Monitoring.

| type | id | collector | message | codes |
|---|---|---|---|---|`;

const devoRow = ({ type, id, collector, message, codes }: DevoError): string =>
  `| ${type} | ${id} | ${collector} | \`${message}\` | ${codes} |`;
