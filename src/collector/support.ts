import { availableParallelism, freemem, totalmem } from 'node:os';
import type { Config } from '../config/config.ts';
import { redacted } from '../config/show.ts';
import { reveal, Secret } from '../core/secret.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { listPulls } from '../outbox/pulls.ts';
import { listQuarantined } from '../outbox/quarantine.ts';
import { listSinks } from '../outbox/sink-state.ts';
import { listStreams } from '../outbox/streams.ts';
import { redactor } from '../qualys/redact.ts';
import { imbalances } from './balance.ts';
import { savedBudgets } from './check/plan-state.ts';
import { coverage } from './fold/coverage.ts';

export interface SupportFacts {
  readonly config: Config | undefined;
  /** Undefined where nothing was collected yet. */
  readonly outbox: Outbox | undefined;
  readonly version: string;
  /** Epoch ms. */
  readonly now: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of /metrics, where the collector runs. */
  readonly metrics: string | undefined;
  /** The last lines of its log. */
  readonly log: string | undefined;
  /** What could not be had, and why. */
  readonly problems: readonly string[];
}

const PULLS = 100;
/** Settings whose values are harmless; of all others only the names are told. */
const PLAIN = ['QUARRY_CONFIG', 'QUARRY_DATA_DIR', 'QUARRY_LISTEN', 'QUARRY_LOG_FORMAT', 'NODE_ENV', 'TZ', 'LANG'];

/**
 * What helps others to help, as JSON: versions, the configuration, what every stream and sink is at, the last pulls, the
 * limits seen, metrics and log. No record and no parked event is in it. Secrets of the configuration are types that hide
 * themselves; besides, whatever they are in any spelling is taken out of the whole text.
 */
export async function supportBundle(facts: SupportFacts): Promise<string> {
  const { config, outbox, version, now, env, metrics, log, problems } = facts;
  const { redact } = redactor([...secretsIn(config), ...secretsOfEnvironment(env)]);
  const lines = (text: string | undefined): string[] | null => (text === undefined ? null : redact(text).split('\n'));
  const document = {
    made: new Date(now).toISOString(),
    versions: { quarry: version, node: process.version, sqlite: process.versions['sqlite'] },
    machine: {
      platform: `${process.platform}-${process.arch}`,
      cpus: availableParallelism(),
      memory: totalmem(),
      memory_free: freemem(),
    },
    environment: Object.fromEntries(
      Object.keys(env)
        .filter((name) => /^(QUARRY_|NODE_|TZ$|LANG$|HTTPS?_PROXY$|NO_PROXY$|SSL_)/i.test(name))
        .map((name) => [name, PLAIN.includes(name) ? env[name] : '[set]']),
    ),
    problems,
    configuration: config === undefined ? null : redacted(config),
    collected: outbox === undefined ? null : await collected(outbox),
    metrics: lines(metrics),
    log: lines(log),
  };
  return `${redact(JSON.stringify(document, null, 2))}\n`;
}

async function collected(outbox: Outbox): Promise<Record<string, unknown>> {
  const { store } = outbox;
  const streams = await listStreams(store);
  const pulls = await listPulls(store, { streams: streams.map(({ id }) => id), limit: PULLS });
  return {
    database: store.dialect.name,
    streams,
    coverage: await coverage(outbox),
    quarantine: await listQuarantined(outbox),
    sinks: await listSinks(store),
    imbalances: await imbalances(outbox),
    limits: Object.fromEntries(await savedBudgets(outbox)),
    pulls: pulls.map(({ report, ...pull }) => ({ ...pull, report: JSON.parse(report) as unknown })),
  };
}

/** Every secret value anywhere in these. */
function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [reveal(value), ...passwordIn(reveal(value))];
  if (value instanceof Map) return [...value.values()].flatMap(secretsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}

/** Passwords inside addresses, and the key of stored secrets. */
function secretsOfEnvironment(env: SupportFacts['env']): string[] {
  return Object.entries(env).flatMap(([name, value = '']) =>
    /SECRET|PASSWORD|TOKEN/i.test(name) ? [value] : passwordIn(value),
  );
}

function passwordIn(address: string): string[] {
  const { password } = URL.canParse(address) ? new URL(address) : { password: '' };
  try {
    return password === '' ? [] : [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
