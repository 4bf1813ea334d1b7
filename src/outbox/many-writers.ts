/** The schema of what transactions share: numbers and counts, so that many writers do not wait for one another. */
import type { Dialect } from '../store/store.ts';

/** What has numbers. */
export const NUMBERED = ['keyspace', 'stream', 'segment', 'batch', 'round', 'sweep'] as const;
export type Numbered = (typeof NUMBERED)[number];

export const sequenceOf = (name: Numbered): string => `number_${name}`;

/** SQL after which a sequence goes on behind what the table `counter` gave out. */
export const goOn = (name: Numbered): string =>
  `SELECT setval('${sequenceOf(name)}', coalesce((SELECT max(value) FROM counter WHERE name = '${name}'), 0) + 1, false)`;

/** What is counted at a sink. */
export const COUNTS = [
  ...(['appended', 'filtered', 'delivered', 'parked', 'discarded'] as const),
  ...(['pending', 'pending_batches', 'pending_bytes'] as const),
] as const;
const OTHERS = ['name', 'added', 'paused_until', 'reason', 'suspended'];

const listed = (columns: readonly string[], column: (name: string) => string): string => columns.map(column).join(', ');

export const manyWritersSchema = ({ writers, text }: Dialect): string[] =>
  writers === 'one'
    ? [`CREATE VIEW sink_now AS SELECT ${[...OTHERS, ...COUNTS].join(', ')}, last_delivered FROM sink`]
    : [
        ...NUMBERED.flatMap((name) => [`CREATE SEQUENCE ${sequenceOf(name)}`, goOn(name)]),
        `CREATE TABLE sink_change (sink ${text} NOT NULL, last_delivered bigint,
          ${listed(COUNTS, (name) => `${name} bigint NOT NULL DEFAULT 0`)})`,
        `CREATE VIEW sink_now AS SELECT ${listed(OTHERS, (name) => `s.${name}`)},
          ${listed(COUNTS, (name) => `s.${name} + coalesce(c.${name}, 0)::bigint AS ${name}`)},
          greatest(s.last_delivered, c.last_delivered) AS last_delivered
          FROM sink s LEFT JOIN (SELECT sink, max(last_delivered) AS last_delivered,
            ${listed(COUNTS, (name) => `sum(${name}) AS ${name}`)} FROM sink_change GROUP BY sink) c ON c.sink = s.name`,
      ];
