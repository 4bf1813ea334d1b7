import { z } from 'zod';
import { defineSink, library, secret } from './define.ts';
import { openPostgres } from './postgres/sink.ts';

const about = (description: string) => ({ description });

/** Rows of a PostgreSQL table per data set: every event (`log`), or what is true now (`current`). */
export default defineSink({
  type: 'postgres',
  title: 'PostgreSQL',
  about: 'A table per data set: every event once, or one row per object as it is now.',
  config: z.object({
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\/\S+$/, { error: 'expected postgres://user@host:5432/database' })
      .pipe(secret)
      .meta({
        ...about('postgres://user@host:5432/database; a password may stand in it or in password.'),
        secret: true,
      }),
    password: secret.meta(about('The password, when it does not stand in url.')).optional(),
    schema: z.string().min(1).default('quarry').meta(about('Schema of the tables; made when missing.')),
    table: z
      .string()
      .min(1)
      .default('{dataset}')
      .meta(about('Name of the table; may hold {tenant}, {subscription}, {connection} and {dataset}.')),
    mode: z
      .enum(['log', 'current'])
      .default('log')
      .meta(about('log: one row per event. current: one row per object, the newest event wins.')),
    removed: z
      .enum(['mark', 'delete'])
      .default('mark')
      .meta(about('What becomes of the row of an object that is gone, in mode current.')),
    column: z
      .enum(['jsonb', 'json'])
      .default('jsonb')
      .meta(about('Type of the column event. json keeps it byte for byte; jsonb refuses the character NUL.')),
    create: z.boolean().default(true).meta(about('Whether schema and tables are made when they are missing.')),
    tls: z
      .object({
        ca: z.string().min(1).optional().meta(about('File of the certificate authority.')),
        cert: z.string().min(1).optional().meta(about('File of the client certificate.')),
        key: z.string().min(1).optional().meta(about('File of its key.')),
        verify: z.boolean().default(true).meta(about('Whether the server’s certificate is checked.')),
      })
      .optional()
      .meta(about('TLS to the server; without it url decides (sslmode).')),
    timeout: z.number().positive().default(300).meta(about('Seconds one transaction may take.')),
  }),
  capabilities: { guarantee: 'effectively once', formats: ['raw', 'ocsf', 'ecs', 'interflow'], batchBytes: 8 << 20 },
  libraries: [],
  testedAgainst: 'PostgreSQL 18',
  open: async (config, { baseDir }) =>
    openPostgres(config, baseDir, {
      pg: (await library(['pg'], () => import('pg'))).default,
      copy: (await library(['pg-copy-streams'], () => import('pg-copy-streams'))).from,
    }),
});
