import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Accounts } from '../accounts/accounts.ts';
import type { Settings } from '../accounts/connection-secrets.ts';
import type { IdentityProvider } from '../accounts/identity-provider.ts';
import type { Outbox, Service } from '../collector/port.ts';
import type { Config } from '../config/config.ts';
import type { Access } from './access.ts';

/** What the routes work with. */
export interface Api {
  readonly service: Service;
  readonly accounts: Accounts;
  /** The same database by a handle of its own, for the inventory's questions: it cannot write, and waits for no writer. */
  readonly look: Outbox;
  /** The configuration as it would be with these stored connections. Throws what is wrong with it. */
  readonly load: (stored: Readonly<Record<string, Settings>>) => Config;
  /** Where people may sign in besides; as it was at the start. */
  readonly oidc?: IdentityProvider | undefined;
  /** The demo, whose first administrator needs no password. */
  readonly demo?: boolean;
  /** The text of /metrics. */
  readonly metrics?: (() => Promise<string>) | undefined;
}

/** A server whose routes are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** A family of routes. */
export type Routes = (app: App, api: Api) => void;

const access = (role: Access['role'], scope: Access['scope']): { access: Access } => ({ access: { role, scope } });

/** For routes that change something with a version: the document then says so. */
export const versioned = <Config extends object>(config: Config) => ({ ...config, versioned: true });

/** The usual ways to say who may use a route. */
export const ANYBODY = access('anybody', 'read');
export const VIEWER = access('viewer', 'read');
export const OPERATOR = access('operator', 'run');
export const WRITER = access('operator', 'write');
export const ADMIN = access('admin', 'admin');
/** One's own things: a token can make no token unless it may do everything. */
export const OWNER = access('viewer', 'write');
export const SELF = access('viewer', 'admin');

/** Whether addresses people type may lead to this machine and its network: the demo's, and who says so. */
export function privateAddresses({ service }: Pick<Api, 'service'>): boolean {
  const { server } = service.config();
  return server !== false && server.allowPrivateAddresses;
}

const LONGEST_PAGE = 1000;

/** Parameters of every list. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(LONGEST_PAGE).default(100),
  cursor: z.string().max(2000).optional(),
};

/** How many items a list has in all its pages. */
const total = {
  total: z.number().int().meta({ description: 'Items in all pages.' }),
  total_is: z.enum(['exact', 'at_least']).meta({ description: 'at_least: counting stopped there; there are more.' }),
};
export interface Total {
  readonly total: number;
  readonly total_is: 'exact' | 'at_least';
}

/** Long lists are counted so far and no further. */
export const MOST_COUNTED = 10_000;

/** Of a count that was made up to one more than `MOST_COUNTED`. */
export const totalOf = (counted: number): Total =>
  counted > MOST_COUNTED ? { total: MOST_COUNTED, total_is: 'at_least' } : { total: counted, total_is: 'exact' };

/** A page of a list; `next_cursor` is null on the last one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable(), ...total });

/** Cuts a page out of a whole list by offset: for lists that are short. */
export function pageFrom<T>(
  items: readonly T[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): { items: T[]; next_cursor: string | null; total: number; total_is: 'exact' } {
  const from = /^\d{1,9}$/.test(cursor ?? '') ? Number(cursor) : 0;
  const next = from + limit;
  const next_cursor = next < items.length ? String(next) : null;
  return { items: items.slice(from, next), next_cursor, total: items.length, total_is: 'exact' };
}

/** ISO 8601 in UTC, or null where there is none. */
export const isoTime = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined || !Number.isFinite(ms) ? null : new Date(ms).toISOString();

export const time = z.string().meta({ description: 'ISO 8601, UTC.' });
