/**
 * What a configuration will cost, in calls to Qualys. Limits are counted per subscription and API, so that is how costs
 * are added up. Known facts first (page size, schedule, sweeps, how answers follow each other); then what the last pulls
 * took, where there were any; then assumptions, each said.
 *
 * Model: an object changes as Qualys processes it, `CHANGES_A_DAY` on the average; a pull reads what changed since the
 * one before and the overlap. A full reading takes one page for each `pageSize` objects and one call for the ids.
 */
import { qualysTime } from '../../core/clock.ts';
import { averageMs, type Recurrence } from '../../core/cron.ts';
import { allAtOnce } from '../../datasets/paging.ts';
import { listsItself } from '../pull/ids.ts';
import type { PullReport } from '../report.ts';
import type { Stream } from '../stream.ts';

export interface Limits {
  /** Calls per window. */
  readonly limit: number;
  readonly windowSec: number;
  readonly concurrency: number;
  /** Qualys's headers said so; else Qualys's standard service level is assumed. */
  readonly seen: boolean;
}

/** Qualys's standard service level. Source: Qualys API limits guide. */
export const STANDARD: Limits = { limit: 300, windowSec: 3600, concurrency: 2, seen: false };

/** What earlier pulls of a stream showed. */
export interface History {
  readonly objects: number | undefined;
  readonly reports: readonly Pick<PullReport, 'mode' | 'requests' | 'elapsedMs' | 'waitedMs'>[];
}

export interface StreamCost {
  readonly stream: string;
  readonly subscription: string;
  readonly api: string;
  readonly objects: number | undefined;
  /** Calls of the first load, of an incremental pull, of a full reading, and of an average day. */
  readonly first: number;
  readonly pull: number;
  readonly full: number;
  readonly daily: number;
  /** Hours of the first load at the API's limits, as if alone. */
  readonly firstHours: number;
  readonly secondsPerCall: number;
  readonly basis: 'measured' | 'assumed';
  /** One call more for each object found, which nobody has counted: a scan, a policy. */
  readonly perObject: boolean;
}

export interface ApiCost {
  readonly subscription: string;
  readonly api: string;
  readonly first: number;
  readonly firstHours: number;
  readonly daily: number;
  /** Part of the calls of a day that the limits allow; above 1 it does not fit. */
  readonly share: number;
  readonly limits: Limits;
}

export interface PlanCost {
  readonly streams: readonly StreamCost[];
  readonly apis: readonly ApiCost[];
  /** APIs have limits of their own and are read side by side: the longest. */
  readonly firstHours: number;
  readonly first: number;
  readonly daily: number;
}

const DAY_MS = 86_400_000;
/** Agents report every few hours, but most of a subscription is processed about once a day. */
const CHANGES_A_DAY = 1;
/** Data sets with an object for each host: these grow with the subscription. */
const HOST_DATASETS = new Set(['host_list', 'host_list_detection', 'host_assets', 'assets']);
/** Objects of any other data set: tags, groups, web applications. */
const SOME_OBJECTS = 1000;
/** A page of a thousand hosts with their detections, and any other answer. Measured calls replace both. */
const SECONDS_A_HOST_PAGE = 30;
const SECONDS_A_CALL = 5;

export interface CostOptions {
  /** Hosts, where no pull has counted them. */
  readonly hosts: number;
  readonly now: number;
  readonly limits: (subscription: string, api: string) => Limits | undefined;
  readonly history: (stream: Stream) => History | undefined;
}

export function planCost(streams: readonly Stream[], options: CostOptions): PlanCost {
  const costs = streams.map((stream) => streamCost(stream, options));
  const apis = new Map<string, StreamCost[]>();
  for (const cost of costs) {
    const key = JSON.stringify([cost.subscription, cost.api]);
    apis.set(key, [...(apis.get(key) ?? []), cost]);
  }
  const perApi = [...apis.values()].map((together): ApiCost => {
    const { subscription, api } = together[0]!;
    const limits = options.limits(subscription, api) ?? STANDARD;
    const daily = sum(together, ({ daily }) => daily);
    const seconds = sum(together, ({ first, secondsPerCall }) => first * secondsPerCall);
    const first = sum(together, (one) => one.first);
    return {
      subscription,
      api,
      first,
      firstHours: hours(first, seconds, limits),
      daily,
      share: daily / (limits.limit * (DAY_MS / 1000 / limits.windowSec)),
      limits,
    };
  });
  return {
    streams: costs,
    apis: perApi,
    firstHours: Math.max(0, ...perApi.map(({ firstHours }) => firstHours)),
    first: sum(perApi, ({ first }) => first),
    daily: sum(perApi, ({ daily }) => daily),
  };
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, one) => total + of(one), 0);

/** The rate lets so many calls go at once and the rest by and by; the answers themselves take their time. */
function hours(calls: number, seconds: number, { limit, windowSec, concurrency }: Limits): number {
  const byRate = (Math.max(0, Math.ceil(calls / limit) - 1) * windowSec) / 3600;
  return Math.max(byRate, seconds / concurrency / 3600);
}

function streamCost(stream: Stream, options: CostOptions): StreamCost {
  const { facts, schedule, subscription } = stream;
  const history = options.history(stream);
  const { api } = firstCall(stream, options.now);
  const byId = facts.paging.by === 'id';
  const hosts = HOST_DATASETS.has(facts.name);
  const objects = history?.objects ?? (hosts ? options.hosts : byId ? SOME_OBJECTS : undefined);
  const pages = (count: number): number =>
    facts.paging === allAtOnce ? 1 : Math.max(1, Math.ceil(count / stream.pageSize));
  const perPull = (mode: PullReport['mode']): number | undefined => mean(history, mode);

  // Asked before a full reading and, where ids are those of records, after it.
  const idsCalls = facts.ids === undefined ? 0 : listsItself(facts) ? 2 : 1;
  const full =
    perPull('full') ?? (byId ? idsCalls + pages(objects ?? 0) : stepsOf(stream, options.now, stream.startTime));
  const every = averageMs(schedule.every, options.now);
  const changed = (objects ?? 0) * Math.min(1, ((every + facts.overlapMs) / DAY_MS) * CHANGES_A_DAY);
  const pull = facts.incremental
    ? (perPull('incremental') ??
      (byId ? pages(changed) : stepsOf(stream, options.now, qualysTime(options.now - every - facts.overlapMs))))
    : full;
  const aDay = (rule: Recurrence | undefined): number =>
    rule === undefined ? 0 : DAY_MS / averageMs(rule, options.now);
  const swept = facts.kind === 'entity';
  const daily =
    aDay(schedule.every) * pull +
    (swept && facts.incremental ? aDay(schedule.sweepFull) * full : 0) +
    (facts.ids === undefined ? 0 : aDay(schedule.sweepIds) * (perPull('ids') ?? 1));
  const first =
    stream.startTime === undefined ? full : Math.min(full, boundedBy(stream, options, pages, objects) ?? full);
  const secondsPerCall = secondsOf(history) ?? (hosts ? SECONDS_A_HOST_PAGE : SECONDS_A_CALL);
  const limits = options.limits(subscription, api) ?? STANDARD;
  return {
    stream: `${stream.connection}/${stream.dataset}`,
    subscription,
    api,
    objects,
    first: Math.ceil(first),
    pull: Math.ceil(pull),
    full: Math.ceil(full),
    daily: Math.ceil(daily),
    firstHours: hours(first, first * secondsPerCall, limits),
    secondsPerCall,
    basis: history !== undefined && history.reports.length > 0 ? 'measured' : 'assumed',
    perObject:
      facts.paging.by === 'step' &&
      facts.paging.parts !== undefined &&
      perPull('full') === undefined &&
      perPull('incremental') === undefined,
  };
}

/** A first pull that a start time bounds reads what was processed since; every object once at the most. */
function boundedBy(
  { startTime, facts }: Stream,
  { now }: CostOptions,
  pages: (count: number) => number,
  objects: number | undefined,
): number | undefined {
  if (startTime === undefined || objects === undefined || facts.paging.by !== 'id') return undefined;
  const days = Math.max(0, now - Date.parse(startTime)) / DAY_MS;
  return pages(objects * Math.min(1, days * CHANGES_A_DAY));
}

function firstCall({ facts, options }: Stream, now: number) {
  const { paging } = facts;
  if (paging.by === 'id') return facts.records(options, { pageSize: 1 });
  const [step] = paging.begin(options, { since: undefined, now: qualysTime(now) });
  return facts.records(options, { pageSize: 1, ...(step === undefined ? {} : { step }) });
}

/** Answers of a data set that is read step by step: at least one for each step, and one for the list of objects. */
function stepsOf({ facts, options }: Stream, now: number, since: string | undefined): number {
  const { paging } = facts;
  if (paging.by === 'id') return 1;
  return (
    Math.max(1, paging.begin(options, { since, now: qualysTime(now) }).length) + (paging.parts === undefined ? 0 : 1)
  );
}

function mean(history: History | undefined, mode: PullReport['mode']): number | undefined {
  const reports = history?.reports.filter((report) => report.mode === mode) ?? [];
  return reports.length === 0 ? undefined : sum(reports, ({ requests }) => requests) / reports.length;
}

function secondsOf(history: History | undefined): number | undefined {
  const requests = sum(history?.reports ?? [], (report) => report.requests);
  if (history === undefined || requests === 0) return undefined;
  return sum(history.reports, ({ elapsedMs, waitedMs }) => Math.max(0, elapsedMs - waitedMs)) / 1000 / requests;
}
