/**
 * A fleet: workers on one PostgreSQL, each a process of its own, which are killed, stopped past their leases and cut off
 * from the database by chance, one after the other. Whoever ends is started again under a new name, so that a name is one
 * life; `takeovers` says how long what a dead or stopped worker held was nobody else's.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type CollectorChild, startCollectorChild } from '../kill/children.ts';
import type { VirtualTime } from '../kill/protocol.ts';
import type { PostgresServer } from '../postgres-server.ts';

/** SIGKILL; SIGSTOP until others hold what it held; every connection ended by the server; the server itself killed. */
export const DEEDS = ['kill', 'stop', 'backends', 'server'] as const;
export type Deed = (typeof DEEDS)[number];

export interface FleetOptions {
  readonly workers: number;
  readonly server: PostgresServer;
  /** URL of the database they share. */
  readonly database: string;
  /** Where each may keep its scratch. */
  readonly dir: string;
  /** The configuration, without `data_dir` and `database_url`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** How long leases last, milliseconds. */
  readonly ttl: number;
  /** From when and how fast their schedule runs. */
  readonly time: VirtualTime;
  readonly random: () => number;
}

export interface Fleet {
  /** Starts them all, and waits until each holds something. */
  start(): Promise<void>;
  /** Does one thing to one of them, or to the database, and waits until it is over. */
  suffer(deed: Deed): Promise<void>;
  /** One run to the end by a worker of its own: what is due is pulled and delivered. */
  finish(): Promise<CollectorChild>;
  /** Tells all to stop, in order. */
  leave(): Promise<void>;
  /** Kills all. */
  end(): Promise<void>;
  /** Milliseconds from SIGKILL or SIGSTOP until others held all that the worker had held. */
  readonly takeovers: readonly number[];
  /** What workers said that is an error, and ends they came to by themselves. */
  readonly errors: readonly string[];
  /** Leases that workers said they had lost. */
  lost(): number;
  readonly starts: number;
}

interface Member {
  readonly place: number;
  name: string;
  child: CollectorChild;
  expected: boolean;
}

const LOOK_MS = 100;

export function openFleet(options: FleetOptions): Fleet {
  const { server, database, dir, config, ttl, time, random } = options;
  const members: Member[] = [];
  const errors: string[] = [];
  const takeovers: number[] = [];
  let starts = 0;
  let lost = 0;
  let over = false;

  function run(place: number, how: 'forever' | 'once'): { name: string; child: CollectorChild } {
    const name = `w${place}-${++starts}`;
    const since = Date.now();
    const url = new URL(database);
    url.searchParams.set('application_name', name);
    const child = startCollectorChild({
      config: JSON.stringify({ ...config, data_dir: join(dir, `w${place}`), database_url: String(url), server: false }),
      clock: {
        start: time.start + (since - time.since) * time.speed,
        since,
        speed: how === 'forever' ? time.speed : 1,
      },
      marks: join(dir, `marks-${place}`),
      run: how,
      worker: { name, ttl: how === 'once' ? 30_000 : ttl },
    });
    child.announcements.resume();
    return { name, child };
  }
  function follow(member: Member): void {
    const { child, name } = member;
    void child.ended.then(({ code }) => {
      lost += child.log().filter((line) => line.includes('leases were lost')).length;
      errors.push(...errorsOf(child).map((line) => `${name}: ${line}`));
      if (over || member.expected) return;
      errors.push(`${name} ended by itself with ${code}: ${child.log().slice(-5).join(' ')}`);
      again(member);
    });
  }
  function again(member: Member): void {
    Object.assign(member, run(member.place, 'forever'), { expected: false });
    follow(member);
  }

  /** What everybody holds now; undefined while the database cannot be asked. */
  async function holding(): Promise<Map<string, string> | undefined> {
    const client = new pg.Client({ connectionString: database, connectionTimeoutMillis: 5000 });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ resource: string; name: string }>(
        `SELECT l.resource, w.name FROM lease l JOIN worker w ON w.id = l.owner
         WHERE l.until > extract(epoch FROM clock_timestamp()) * 1000`,
      );
      return new Map(rows.map(({ resource, name }) => [resource, name]));
    } catch {
      return undefined;
    } finally {
      await client.end().catch(() => {});
    }
  }
  async function holdsSomething(wanted: readonly Member[]): Promise<void> {
    for (;;) {
      const names = new Set((await holding())?.values());
      if (wanted.every(({ name }) => names.has(name))) return;
      await sleep(LOOK_MS);
    }
  }
  /** Waits until others have taken all that one held, and says how long that took. */
  async function takenOver(name: string, began: number): Promise<void> {
    const left = new Set(
      [...((await holding()) ?? [])].filter(([, who]) => who === name).map(([resource]) => resource),
    );
    for (;;) {
      for (const [resource, who] of (await holding()) ?? []) if (who !== name) left.delete(resource);
      if (left.size === 0) break;
      await sleep(LOOK_MS);
    }
    takeovers.push(performance.now() - began);
  }

  async function suffer(deed: Deed): Promise<void> {
    const member = members[Math.floor(random() * members.length)]!;
    if (deed === 'kill') {
      member.expected = true;
      const began = performance.now();
      member.child.process.kill('SIGKILL');
      await takenOver(member.name, began);
      await member.child.ended;
      again(member);
      await holdsSomething([member]);
    } else if (deed === 'stop') {
      const began = performance.now();
      member.child.process.kill('SIGSTOP');
      await takenOver(member.name, began);
      // Others work on what it held; then it goes on in the middle of whatever it was at.
      await sleep(random() * 2000);
      member.child.process.kill('SIGCONT');
    } else if (deed === 'backends') {
      const client = new pg.Client({ connectionString: database });
      await client.connect();
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()`,
      );
      await client.end();
    } else {
      await server.kill();
      await sleep(random() * 2000);
      await server.start();
    }
  }
  return {
    takeovers,
    errors,
    lost: () => lost,
    get starts() {
      return starts;
    },
    suffer,
    start: async () => {
      for (let place = 1; place <= options.workers; place++) {
        const member: Member = { place, expected: false, ...run(place, 'forever') };
        members.push(member);
        follow(member);
      }
      await holdsSomething(members);
    },
    finish: async () => {
      const { child } = run(0, 'once');
      await child.ended;
      errors.push(...errorsOf(child));
      return child;
    },
    leave: async () => {
      over = true;
      for (const { child } of members) child.process.kill('SIGTERM');
      for (const { name, child } of members) {
        const { code } = await child.ended;
        if (code !== 0) errors.push(`${name} left with ${code}: ${child.log().slice(-5).join(' ')}`);
      }
    },
    end: async () => {
      over = true;
      for (const { child } of members) child.process.kill('SIGKILL');
      await Promise.all(members.map(({ child }) => child.ended));
    },
  };
}

/** What it said that is an error, but for the database being away, which was our doing. */
const errorsOf = (child: CollectorChild): string[] =>
  child.log().filter((line) => !line.startsWith('{"level":"warn"') && !line.includes('QRY4009'));
