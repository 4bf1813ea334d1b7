import { type Config, whereIs } from '../../config/config.ts';
import { systemClock } from '../../core/clock.ts';
import { QuarryError } from '../../core/errors.ts';
import type { Outbox } from '../../outbox/outbox.ts';
import { listStreams } from '../../outbox/streams.ts';
import { createGovernor, type SavedGovernor } from '../../qualys/governor.ts';
import { kept } from '../../qualys/waiting.ts';
import type { PullReport } from '../report.ts';
import type { Stream } from '../stream.ts';
import { ASSET_INVENTORY_API, reserveOf, streamOf } from '../wire.ts';
import { type History, type Limits, type PlanCost, planCost, STANDARD } from './plan-cost.ts';

const NO_CLIENT = {
  open: () => Promise.reject(new QuarryError('QRY9001', { what: 'A plan calls nobody.' })),
  signIn: async () => undefined,
  close: async () => {},
};

/** How many pulls back the averages reach. */
const RECENT_PULLS = 50;

/** What a configuration will cost; `outbox` is there where something was collected already. */
export async function planOf(config: Config, outbox: Outbox | undefined, hosts: number): Promise<PlanCost> {
  const streams = [...config.connections.values()].flatMap((connection) =>
    [...connection.datasets.values()]
      .filter(({ enabled }) => enabled)
      .map((dataset) => streamOf(connection, dataset, NO_CLIENT, config)),
  );
  if (streams.length === 0)
    throw new QuarryError('QRY1006', { what: 'No data set is enabled.', where: whereIs(config, 'connections') });
  const history = outbox === undefined ? new Map<string, History>() : await histories(outbox);
  const limits = outbox === undefined ? new Map<string, Limits>() : await limitsSeen(outbox);
  return planCost(streams, {
    hosts,
    now: Date.now(),
    limits: (subscription, api) => {
      const qualys = withoutReserve(config, subscription, limits.get(JSON.stringify([subscription, api])));
      return api === ASSET_INVENTORY_API ? withOwnLimits(config, subscription, qualys) : qualys;
    },
    history: (stream: Stream) => history.get(JSON.stringify([stream.connection, stream.dataset])),
  });
}

/** What `reserve` leaves of a limit, where every connection of the subscription keeps calls back: the least of them. */
function withoutReserve(config: Config, subscription: string, qualys: Limits | undefined): Limits | undefined {
  const callers = [...config.connections.values()].filter((one) => one.subscription === subscription);
  const limits = qualys ?? STANDARD;
  const held = callers.map(({ reserve }) => kept(limits, reserve === undefined ? undefined : reserveOf(reserve)));
  const least = Math.min(...held);
  return least > 0 ? { ...limits, limit: limits.limit - least } : qualys;
}

/** What `requests_per_hour` leaves of a limit, where every connection that reads assets has one. */
function withOwnLimits(config: Config, subscription: string, qualys: Limits | undefined): Limits | undefined {
  const readers = [...config.connections.values()].filter(
    (one) => one.subscription === subscription && one.datasets.get('assets')?.enabled === true,
  );
  const own = readers.reduce((sum, { requestsPerHour }) => sum + (requestsPerHour ?? Number.POSITIVE_INFINITY), 0);
  const { limit, windowSec, concurrency, seen } = qualys ?? STANDARD;
  return own * (windowSec / 3600) < limit ? { limit: own, windowSec: 3600, concurrency, seen } : qualys;
}

async function histories(outbox: Outbox): Promise<Map<string, History>> {
  const found = new Map<string, History>();
  for (const stream of await listStreams(outbox.store)) {
    const rows = await outbox.store.db
      .selectFrom('pull')
      .select('report')
      .where('stream', '=', stream.id)
      .where('outcome', '=', 'complete')
      .orderBy('id', 'desc')
      .limit(RECENT_PULLS)
      .execute();
    const reports = rows.map(({ report }) => JSON.parse(report) as PullReport);
    // Where answers hold several records of an object, a full reading has counted the objects.
    const counted = reports.find(({ mode }) => mode === 'full')?.hosts;
    const objects = counted !== undefined && counted > 0 ? counted : stream.knownKeys || undefined;
    found.set(JSON.stringify([stream.connection, stream.dataset]), { objects, reports });
  }
  return found;
}

async function limitsSeen(outbox: Outbox): Promise<Map<string, Limits>> {
  const found = new Map<string, Limits>();
  for (const [subscription, saved] of await savedBudgets(outbox)) {
    const governor = createGovernor({ clock: systemClock, saved });
    for (const [api, { limit, windowSec, concurrency }] of Object.entries(governor.status())) {
      if (limit === undefined || windowSec === undefined) continue;
      const limits = { limit, windowSec, concurrency: concurrency ?? STANDARD.concurrency, seen: true };
      found.set(JSON.stringify([subscription, api]), limits);
    }
  }
  return found;
}

/** What the collector last knew of each subscription's limits and of its own calls. */
export async function savedBudgets(outbox: Outbox): Promise<Map<string, SavedGovernor>> {
  const rows = await outbox.store.db.selectFrom('budget').selectAll().execute();
  return new Map(rows.map(({ subscription, state }) => [subscription, JSON.parse(state) as SavedGovernor]));
}
