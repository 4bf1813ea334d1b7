/**
 * Who calls: Basic authentication or a session cookie. Wrong tries are counted per user; after `lockAfter` in a row the
 * account is locked and even the right password is refused, as a real one would be.
 */
import { hash } from './world/random.ts';

export interface SimulatorUser {
  readonly username: string;
  readonly password: string;
  /** Whose limits the calls count against; `sim` by default. */
  readonly subscription?: string;
}

export interface Principal {
  readonly username: string;
  readonly subscription: string;
}

export interface SignIn {
  /** By the headers of a call; undefined is a 401. */
  byHeaders(authorization: string | undefined, cookie: string | undefined, now: number): Principal | undefined;
  /** Undefined when refused. */
  byPassword(username: string, password: string, now: number): Principal | undefined;
  /** Opens a session; undefined when refused. */
  login(username: string, password: string, now: number): string | undefined;
  logout(cookie: string | undefined): void;
  wrongTries(): Readonly<Record<string, number>>;
  locked(): readonly string[];
  reset(): void;
}

const IDLE_MS = 60 * 60 * 1000;

export function createSignIn(users: readonly SimulatorUser[], lockAfter: number): SignIn {
  const wrong = new Map<string, number>();
  const inARow = new Map<string, number>();
  const locked = new Set<string>();
  const sessions = new Map<string, { readonly principal: Principal; seen: number }>();
  let opened = 0;

  const check = (username: string, password: string): Principal | undefined => {
    const user = users.find((one) => one.username === username);
    if (user !== undefined && user.password === password && !locked.has(username)) {
      inARow.delete(username);
      return { username, subscription: user.subscription ?? 'sim' };
    }
    wrong.set(username, (wrong.get(username) ?? 0) + 1);
    const row = (inARow.get(username) ?? 0) + 1;
    inARow.set(username, row);
    if (user !== undefined && row >= lockAfter) locked.add(username);
    return undefined;
  };

  return {
    byHeaders(authorization, cookie, now) {
      const session = sessions.get(sessionOf(cookie) ?? '');
      if (session !== undefined && authorization === undefined) {
        if (now - session.seen > IDLE_MS) return undefined;
        session.seen = now;
        return session.principal;
      }
      const encoded = /^Basic\s+(.+)$/i.exec(authorization ?? '')?.[1];
      if (encoded === undefined) return undefined;
      const text = Buffer.from(encoded, 'base64').toString('utf8');
      const colon = text.indexOf(':');
      return colon < 0 ? undefined : check(text.slice(0, colon), text.slice(colon + 1));
    },
    byPassword: (username, password) => check(username, password),
    login(username, password, now) {
      const principal = check(username, password);
      if (principal === undefined) return undefined;
      opened++;
      const id = [1, 2, 3, 4].map((part) => hash(opened, part, now).toString(16).padStart(8, '0')).join('');
      sessions.set(id, { principal, seen: now });
      return id;
    },
    logout(cookie) {
      sessions.delete(sessionOf(cookie) ?? '');
    },
    wrongTries: () => Object.fromEntries(wrong),
    locked: () => [...locked],
    reset() {
      wrong.clear();
      inARow.clear();
      locked.clear();
    },
  };
}

function sessionOf(cookie: string | undefined): string | undefined {
  return /(?:^|;\s*)QualysSession=([0-9a-f]{32})/.exec(cookie ?? '')?.[1];
}
