import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../core/secret.ts';

/** What someone may do, each more than the one before. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What a token may be used for; a user signed in with a password has all that the role allows. */
export const SCOPES = ['read', 'run', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Whose data someone may see: every tenant's, or those named. */
export type Tenants = '*' | readonly string[];

/** Who asks. */
export interface Principal {
  readonly id: string;
  readonly login: string;
  readonly role: Role;
  readonly tenants: Tenants;
  readonly scopes: readonly Scope[];
}

export const maySee = ({ tenants }: Pick<Principal, 'tenants'>, tenant: string): boolean =>
  tenants === '*' || tenants.includes(tenant);

export const atLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** 256 random bits as text; only their hash is ever stored. */
export const newTicket = (prefix = ''): Secret => new Secret(prefix + randomBytes(32).toString('base64url'));
export const ticketHash = (ticket: string): string => createHash('sha256').update(ticket).digest('hex');
export const newId = (): string => randomBytes(9).toString('base64url');

/** What the people of a group may do. */
export interface GroupRole {
  readonly group: string;
  readonly role: Role;
  readonly tenants: Tenants;
}
