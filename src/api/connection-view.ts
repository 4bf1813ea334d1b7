import { z } from 'zod';
import { connectionOf, listConnections, type StoredConnection, secretNames } from '../accounts/connections.ts';
import { listStreams, type Service, STATUS_WORDS, type Status, statusOf } from '../collector/port.ts';
import type { ConnectionConfig } from '../config/config.ts';
import { type Api, isoTime, time } from './context.ts';

const status = z
  .object({
    word: z.enum(STATUS_WORDS),
    until: time.optional(),
    since: time.optional(),
    why: z.string().optional(),
    code: z.string().optional(),
    fix: z.string().optional(),
  })
  .meta({ id: 'Status' });

export const connectionView = z
  .object({
    id: z.string(),
    name: z.string(),
    tenant: z.string(),
    subscription: z.string(),
    platform: z.string().optional(),
    api_url: z.string().optional(),
    gateway_url: z.string().optional(),
    source: z.enum(['file', 'api']).meta({ description: 'Where it is kept; those of the file are read-only here.' }),
    read_only: z.boolean(),
    paused: z.boolean(),
    status,
    last_success: time.nullable(),
    rows: z.number().int().meta({ description: 'Records received since the beginning.' }),
    datasets_enabled: z.number().int(),
    datasets_total: z.number().int(),
    notes: z.string(),
    run_on: z.string(),
    version: z.number().int().optional().meta({ description: 'What If-Match names; only of those made here.' }),
    created: time.nullable(),
    updated: time.nullable(),
  })
  .meta({ id: 'Connection' });
export type ConnectionView = z.infer<typeof connectionView>;

export const connectionDetail = connectionView
  .extend({
    settings: z.record(z.string(), z.unknown()).meta({ description: 'As the file would hold them, without secrets.' }),
    secrets: z.array(z.string()).meta({ description: 'Which secrets are set, by path.' }),
  })
  .meta({ id: 'ConnectionDetail' });

/** Every connection there is: of the file, and made here (paused ones are in no configuration). */
export async function connectionViews({
  service,
  accounts,
}: Pick<Api, 'service' | 'accounts'>): Promise<ConnectionView[]> {
  const config = service.config();
  const stored = new Map((await listConnections(accounts.store)).map((one) => [one.id, one]));
  const totals = await totalsOf(service);
  const ids = [...new Set([...config.connections.keys(), ...stored.keys()])].sort();
  return ids.map((id) => viewOf(id, config.connections.get(id), stored.get(id), service, totals.get(id)));
}

export async function connectionDetails({ service, accounts }: Pick<Api, 'service' | 'accounts'>, id: string) {
  const configured = service.config().connections.get(id);
  const stored = await connectionOf(accounts.store, id);
  if (configured === undefined && stored === undefined) return undefined;
  const view = viewOf(id, configured, stored, service, (await totalsOf(service)).get(id));
  const secrets = stored === undefined ? [] : await secretNames(accounts.store, id);
  return { ...view, settings: stored === undefined ? {} : { ...stored.settings }, secrets };
}

interface Totals {
  received: number;
  lastSuccess: number;
}

async function totalsOf({ outbox }: Service): Promise<Map<string, Totals>> {
  const totals = new Map<string, Totals>();
  for (const { connection, received, checkpoint } of await listStreams(outbox.store)) {
    const before = totals.get(connection) ?? { received: 0, lastSuccess: 0 };
    const ended = checkpoint.watermark === undefined ? 0 : Date.parse(checkpoint.watermark);
    totals.set(connection, { received: before.received + received, lastSuccess: Math.max(before.lastSuccess, ended) });
  }
  return totals;
}

function viewOf(
  id: string,
  configured: ConnectionConfig | undefined,
  stored: StoredConnection | undefined,
  service: Service,
  totals: Totals | undefined,
): ConnectionView {
  const settings = stored?.settings ?? {};
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const datasets = [...(configured?.datasets.values() ?? [])];
  const [platform, api_url, gateway_url] = [
    configured?.platform ?? text(settings['platform']),
    configured?.apiUrl ?? text(settings['api_url']),
    configured?.gatewayUrl ?? text(settings['gateway_url']),
  ];
  return {
    ...{ id, name: stored?.name ?? id, tenant: configured?.tenant ?? stored?.tenant ?? id },
    subscription: configured?.subscription ?? text(settings['subscription']) ?? id,
    ...(platform === undefined ? {} : { platform }),
    ...(api_url === undefined ? {} : { api_url }),
    ...(gateway_url === undefined ? {} : { gateway_url }),
    ...{ source: stored === undefined ? ('file' as const) : ('api' as const), read_only: stored === undefined },
    paused: stored?.paused ?? false,
    status: statusView(statusFor(id, configured, stored?.paused ?? false, service)),
    last_success: totals === undefined || totals.lastSuccess === 0 ? null : isoTime(totals.lastSuccess),
    rows: totals?.received ?? 0,
    ...{ datasets_enabled: datasets.filter(({ enabled }) => enabled).length, datasets_total: datasets.length },
    ...{ notes: stored?.notes ?? '', run_on: stored?.runOn ?? '' },
    ...(stored === undefined ? {} : { version: stored.version }),
    ...{ created: isoTime(stored?.created), updated: isoTime(stored?.updated) },
  };
}

function statusFor(id: string, configured: ConnectionConfig | undefined, paused: boolean, service: Service): Status {
  const streams = service.streams().filter(({ connection }) => connection === id);
  const waiting = service
    .budgets()
    .find((one) => one.subscription === configured?.subscription && one.waiting > 0 && one.because !== undefined);
  const waits = waiting === undefined ? undefined : { until: waiting.until, because: waiting.because! };
  return statusOf(streams, waits, paused);
}

export const statusView = ({ word, until, since, why, error }: Status): z.infer<typeof status> => ({
  word,
  ...(until === undefined ? {} : { until: isoTime(until)! }),
  ...(since === undefined ? {} : { since: isoTime(since)! }),
  ...(why === undefined ? {} : { why }),
  ...(error === undefined ? {} : { code: error.code, fix: error.fix }),
});
