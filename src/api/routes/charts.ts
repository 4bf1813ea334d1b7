import { z } from 'zod';
import { type Asked, countOf, exportRows, facetsOf } from '../../inventory/query/query.ts';
import { isoTime, type Routes, time, VIEWER } from '../context.ts';
import { asked, quoted } from '../inventory-asked.ts';

/** A number, and the query that finds the rows it counts. */
const point = z.object({ label: z.string(), value: z.number(), filter: z.string().optional() });
const series = z.object({ name: z.string(), points: z.array(point) });
const chart = z
  .object({
    name: z.string(),
    view: z.string().meta({ description: 'Where the filters of the points lead.' }),
    as_of: time,
    series: z.array(series),
    note: z.string().optional(),
  })
  .meta({ id: 'Chart' });
type Series = z.infer<typeof series>;
type Drawn = { view: string; series: Series[]; note?: string };
type Draw = (whom: Asked, only: string) => Promise<Drawn>;

const SEVERITIES = ['1', '2', '3', '4', '5'];
/** What counts as a problem: open, neither ignored nor disabled, and more than information. */
const OPEN = 'is_open=true and ignored=false and disabled=false and type!=Info';
const both = (...queries: readonly string[]): string => queries.filter((query) => query.trim() !== '').join(' and ');
const WEEKS = 12;
const DAY_MS = 86_400_000;
/** Rows read for an average at the most. */
const READ = 50_000;

async function points(
  whom: Asked,
  view: string,
  labelled: readonly (readonly [label: string, filter: string])[],
  only: string,
): Promise<z.infer<typeof point>[]> {
  const found: z.infer<typeof point>[] = [];
  for (const [label, query] of labelled) {
    const filter = both(query, only);
    found.push({ label, filter, value: await countOf(whom, view, { filter }) });
  }
  return found;
}

async function bySeverity(whom: Asked, filter: string): Promise<z.infer<typeof point>[]> {
  const { severity = [] } = await facetsOf(whom, 'findings', ['severity'], { filter });
  const counts = new Map(severity.map(({ value, count }) => [String(value), count]));
  return SEVERITIES.map((label) => ({
    label,
    value: counts.get(label) ?? 0,
    filter: both(filter, `severity=${label}`),
  }));
}

const AGES = [
  ['up to 7 days', 'age_days<=7'],
  ['8 to 30 days', 'age_days>7 and age_days<=30'],
  ['31 to 90 days', 'age_days>30 and age_days<=90'],
  ['91 to 180 days', 'age_days>90 and age_days<=180'],
  ['over 180 days', 'age_days>180'],
] as const;
const CHARTS: Readonly<Record<string, Draw>> = {
  open_by_severity: async (whom, only) => ({
    view: 'findings',
    series: [{ name: 'open', points: await bySeverity(whom, both(OPEN, only)) }],
  }),
  age_buckets: async (whom, only) => ({
    view: 'findings',
    series: [{ name: 'open', points: await points(whom, 'findings', AGES, both(OPEN, only)) }],
  }),
  sla: async (whom, only) => ({
    view: 'findings',
    series: [
      { name: 'overdue', points: await bySeverity(whom, both(OPEN, 'overdue=true', only)) },
      { name: 'in time', points: await bySeverity(whom, both(OPEN, 'overdue=false', only)) },
    ],
    ...(Object.keys(whom.context.policy.sla).length === 0
      ? { note: 'inventory.sla sets no times: nothing is overdue.' }
      : {}),
  }),
  risk_matrix: async (whom, only) => ({
    view: 'findings',
    series: await Promise.all(
      SEVERITIES.map(async (criticality) => ({
        name: criticality,
        points: await bySeverity(whom, both(OPEN, `criticality=${criticality}`, only)),
      })),
    ),
    note: 'Series are criticality of devices, points severity of findings.',
  }),
  treemap: async (whom, only) => {
    const { os_category: found = [] } = await facetsOf(whom, 'devices', ['os_category'], { filter: only });
    return {
      view: 'devices',
      series: [
        {
          name: 'devices',
          points: found.map(({ value, count }) => ({
            ...{ label: value === null ? 'unknown' : String(value), value: count },
            filter: both(`os_category=${value === null ? 'null' : quoted(String(value))}`, only),
          })),
        },
      ],
    };
  },
  certificate_expiry: async (whom, only) => {
    const labelled = [
      ['expired', 'valid_to<now'],
      ['within 7 days', 'valid_to>=now and valid_to<now+7d'],
      ['within 30 days', 'valid_to>=now+7d and valid_to<now+30d'],
      ['within 90 days', 'valid_to>=now+30d and valid_to<now+90d'],
      ['later', 'valid_to>=now+90d'],
    ] as const;
    return {
      view: 'certificates',
      series: [{ name: 'certificates', points: await points(whom, 'certificates', labelled, only) }],
    };
  },
  new_fixed_weekly: async (whom, only) => {
    const kinds = [
      ['new', 'what=opened'],
      ['reopened', 'what=reopened'],
      ['fixed', 'what=closed and reason=fixed'],
    ] as const;
    const { now } = whom.context;
    const monday = now - ((((now / DAY_MS - 4) % 7) + 7) % 7) * DAY_MS;
    const day = (at: number): string => isoTime(at)!.slice(0, 10);
    const weeks = Array.from({ length: WEEKS }, (_, i) => day(monday - (WEEKS - 1 - i) * 7 * DAY_MS));
    const drawn = kinds.map(async ([name, what]): Promise<Series> => {
      const labelled = weeks.map((from) => {
        const to = day(Date.parse(from) + 7 * DAY_MS);
        return [from, both(what, 'type!=Info', `at>=${from}`, `at<${to}`)] as const;
      });
      return { name, points: await points(whom, 'finding_history', labelled, only) };
    });
    return { view: 'finding_history', series: await Promise.all(drawn) };
  },
  mttr: async (whom, only) => {
    const filter = both('closed_reason=fixed and closed<90d and type!=Info', only);
    const sums = new Map<string, { days: number; count: number }>();
    const fields = ['severity', 'age_days'];
    for await (const { severity, age_days } of exportRows(whom, 'findings', {
      filter,
      all: true,
      fields,
      limit: READ,
    })) {
      const { days, count } = sums.get(String(severity)) ?? { days: 0, count: 0 };
      sums.set(String(severity), { days: days + Number(age_days), count: count + 1 });
    }
    const mean = (label: string): number => {
      const { days, count } = sums.get(label) ?? { days: 0, count: 0 };
      return count === 0 ? 0 : Math.round((days / count) * 10) / 10;
    };
    const drawn = SEVERITIES.map((label) => ({ label, value: mean(label), filter: both(filter, `severity=${label}`) }));
    return { view: 'findings', series: [{ name: 'days until fixed', points: drawn }], note: 'Fixed within 90 days.' };
  },
};

/** Figures to draw: each point says which rows it counts. */
export const chartRoutes: Routes = (app, api) => {
  app.get(
    '/api/v1/charts/:name',
    {
      config: VIEWER,
      schema: {
        summary: 'Figures of the inventory to draw',
        tags: ['inventory'],
        params: z.object({ name: z.enum(Object.keys(CHARTS) as [string, ...string[]]) }),
        querystring: z.object({ filter: z.string().max(20_000).default('') }),
        response: { 200: chart },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { filter } = request.query;
      const whom = await asked(api, request as never);
      const drawn = await CHARTS[name]!(whom, filter.trim() === '' ? '' : `(${filter})`);
      return { name, as_of: isoTime(whom.context.now)!, ...drawn };
    },
  );
};
