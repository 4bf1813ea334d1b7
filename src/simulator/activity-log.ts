/**
 * The activity log of one simulator: the world's events and the calls of its own clients, one row each.
 *
 * Ids rise with insertion: the second of insertion, then a number in it. The world's rows of a second come first, calls
 * after them, so that a row never appears below one already seen. Rows made late (the `activity-late` fault) are
 * inserted later than they are dated. Calls are remembered up to MOST; the oldest ones are then forgotten, by the truth
 * as well.
 */
import { type ActivityEvent, dayOf, eventsOf, FIRST_DAY, purgeCalendar } from './world/activity.ts';
import { peopleAt } from './world/people.ts';
import { DAY, SECOND, stamp } from './world/time.ts';
import type { World } from './world/world.ts';

export interface ActivityRow extends ActivityEvent {
  readonly id: number;
}

export interface ActivityLog {
  /** Notes a call of a client. */
  request(at: number, user: string, path: string): void;
  /** Rows inserted by `t`, newest insertion first, from `idMax` downwards, dated `since` or later. */
  rows(t: number, from?: { readonly idMax?: number; readonly since?: number }): Generator<ActivityRow>;
  /** How long every third row of the world waits before it appears; milliseconds. */
  setLateness(ms: number): void;
}

const MOST = 100_000;
/** Ids per second: the world's rows have the lower half of them. */
const PER_SECOND = 1_000_000;
const CALLS_FROM = PER_SECOND / 2;
/** 2019-01-01T00:00:00Z; ids begin there. */
const ORIGIN = Date.UTC(2019, 0, 1);

export function createActivityLog(world: World): ActivityLog {
  const calls: ActivityRow[] = [];
  const purges = purgeCalendar(world);
  const roles = new Map<string, string>();
  let lateness = 0;

  const roleOf = (user: string, at: number): string => {
    let role = roles.get(user);
    if (role === undefined) {
      role = 'Manager';
      for (const person of peopleAt(world, at)) if (person.login === user) role = person.role;
      roles.set(user, role);
    }
    return role;
  };

  /** The rows inserted on one day, in ascending id. */
  const insertedOn = (day: number): ActivityRow[] => {
    const rows: { at: number; event: ActivityEvent }[] = [];
    for (let of = day - Math.ceil(lateness / DAY); of <= day; of++) {
      if (of < FIRST_DAY) continue;
      for (const [n, event] of eventsOf(world, of, purges).entries()) {
        const at = event.at + (n % 3 === 1 ? lateness : 0);
        if (dayOf(world, at) === day) rows.push({ at, event });
      }
    }
    rows.sort((a, b) => a.at - b.at);
    let second = -1;
    let count = 0;
    return rows.map(({ at, event }) => {
      count = at === second ? count + 1 : 0;
      second = at;
      return { ...event, id: idAt(at) + count };
    });
  };

  function* worldRows(t: number, idMax: number, since: number): Generator<ActivityRow> {
    const newest = Math.min(t, ORIGIN + Math.floor(idMax / PER_SECOND) * SECOND);
    const oldest = Math.max(FIRST_DAY, dayOf(world, since));
    for (let day = dayOf(world, newest); day >= oldest; day--) {
      for (const row of insertedOn(day).reverse()) if (row.id <= idMax && row.id <= idAt(t) + CALLS_FROM) yield row;
    }
  }

  return {
    request: (at, user, path) => {
      if (calls.length >= MOST) calls.splice(0, MOST / 10);
      const second = Math.floor(at / SECOND) * SECOND;
      const id = Math.max(idAt(second) + CALLS_FROM, (calls.at(-1)?.id ?? 0) + 1);
      const role = roleOf(user, at);
      const details = `API: ${path.endsWith('/') ? `${path}index.php` : path}`;
      calls.push({ id, at: second, action: 'request', module: 'auth', details, user, role, ip: '127.0.0.1' });
    },
    setLateness: (ms) => {
      lateness = Math.ceil(ms / SECOND) * SECOND;
    },
    rows: function* (t, { idMax = Number.MAX_SAFE_INTEGER, since = 0 } = {}) {
      // Calls that come in while this is read are not part of it.
      const noted = calls.slice();
      let c = noted.length - 1;
      while (c >= 0 && noted[c]!.id > idMax) c--;
      for (const row of worldRows(t, idMax, since)) {
        for (; c >= 0 && noted[c]!.id > row.id; c--) if (noted[c]!.at >= since) yield noted[c]!;
        if (row.at >= since) yield row;
      }
      for (; c >= 0; c--) if (noted[c]!.at >= since) yield noted[c]!;
    },
  };
}

function idAt(at: number): number {
  return (Math.floor(at / SECOND) - ORIGIN / SECOND) * PER_SECOND;
}

/** The header of the log. */
export const ACTIVITY_COLUMNS = ['Date', 'Action', 'Module', 'Details', 'User Name', 'User Role', 'User IP'];

/** The fields of a row, in the order of the log's columns. */
export function activityFields(row: ActivityRow): readonly string[] {
  return [stamp(row.at), row.action, row.module, row.details, row.user, row.role, row.ip];
}
