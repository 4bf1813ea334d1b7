import type { Recurrence } from '../core/cron.ts';
import type { BodyBucket } from '../core/s3.ts';
import type { Secret } from '../core/secret.ts';
import type { DevoLayout } from './devo/names.ts';
import type { Address } from './fields.ts';
import type { Position } from './problems.ts';

/**
 * A configuration that has been checked: defaults applied, references filled in, durations in milliseconds, sizes in
 * bytes, times as Qualys spells them (UTC), paths absolute.
 */
export interface Config {
  /** The file it came from; undefined when it was given as text. */
  readonly file: string | undefined;
  /** Relative paths in the file are relative to this: the file's folder. */
  readonly baseDir: string;
  readonly dataDir: string;
  readonly databaseUrl: Secret | undefined;
  /** Where large bodies go; undefined: into the database. */
  readonly bodies: BodyBucket | undefined;
  readonly server: ServerConfig | false;
  readonly logFormat: LogFormat | undefined;
  /** What `hash` rules are keyed with; there wherever a rule needs it. */
  readonly obfuscationKey: Secret | undefined;
  readonly connections: ReadonlyMap<string, ConnectionConfig>;
  /** Ids of the connections that are not in the file but kept elsewhere. */
  readonly stored: ReadonlySet<string>;
  readonly inventory: InventoryConfig;
  readonly sinks: ReadonlyMap<string, SinkConfig>;
  /** Every enabled sink is in one at least: a sink the file routes nothing to receives everything of its tenants. */
  readonly routes: readonly RouteConfig[];
  /** Where things stand in the file, by path: `connections.eu.platform`. See `whereIs`. */
  readonly positions: ReadonlyMap<string, Position>;
  /** What values were filled in from, by path: `${QUALYS_PASSWORD}`. */
  readonly references: ReadonlyMap<string, readonly string[]>;
  /** Which preset a value is of, by path; only values that the file does not say itself. */
  readonly presets: ReadonlyMap<string, string>;
  /** What the file calls its parts, where it has the layout of a Devo collector. */
  readonly devo?: DevoLayout;
}

export interface ServerConfig {
  readonly listen: Address;
  /** Connections made through the page may lead to this machine and its network. */
  readonly allowPrivateAddresses: boolean;
  /** Where people may sign in besides; undefined for passwords alone. */
  readonly oidc: OidcConfig | undefined;
}

/** An identity provider of people (OpenID Connect); the same form as the accounts' own. */
export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** What the page calls it. */
  readonly title: string;
  /** Undefined: that of the server people ask. */
  readonly redirectUrl: string | undefined;
  readonly scopes: readonly string[];
  readonly groupsClaim: string;
  readonly roles: readonly GroupRole[];
  /** Plain http to the provider: for tests. */
  readonly allowInsecure: boolean;
}

export interface GroupRole {
  readonly group: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly tenants: '*' | readonly string[];
}

/** Durations in milliseconds; the same form as the inventory's policy. */
export interface InventoryConfig {
  /** By severity: how long a finding may stay open. */
  readonly sla: Readonly<Partial<Record<1 | 2 | 3 | 4 | 5, number>>>;
  readonly devices: InventoryThresholds;
  readonly users: InventoryThresholds;
  /** Whether RESULTS of findings are kept. */
  readonly results: boolean;
}

export interface InventoryThresholds {
  readonly ignoreNotSeen?: number;
  readonly deleteNotReturned?: number;
  readonly deleteNotReturnedBySuccess?: number;
}

export type LogFormat = 'pretty' | 'json' | 'devo';

export interface ConnectionConfig {
  readonly id: string;
  readonly tenant: string;
  readonly subscription: string;
  /**
   * At most one of `platform` and `apiUrl` is there, and without either `gatewayUrl` or `baseUrl` is. All are as written: what they
   * lead to is for `qualys` to say.
   */
  readonly platform: string | undefined;
  readonly apiUrl: string | undefined;
  readonly gatewayUrl: string | undefined;
  /** The gateway, or an API server, as collectors of FIM name it; in place of `gatewayUrl`. */
  readonly baseUrl: string | undefined;
  readonly authUrl: string | undefined;
  readonly allowPlainHttp: boolean;
  /** Made through the page: names that lead to this machine or its network are refused when they are connected to. */
  readonly publicOnly?: boolean;
  readonly signIn: SignInConfig;
  /** `ca` is PEM text as it was at the start; `caFile` where it came from, if from a file. */
  readonly tls: { readonly verify: boolean; readonly ca: string | undefined; readonly caFile: string | undefined };
  readonly proxy: ProxyConfig | undefined;
  /** As the connection has it; the data sets it reaches have it among their options. */
  readonly tagsInclude: readonly string[] | undefined;
  readonly requestsPerHour: number | undefined;
  /** `10%`, or a number of calls. */
  readonly reserve: number | string | undefined;
  readonly egressAddresses: readonly string[] | undefined;
  readonly preset: string | undefined;
  /** By the data set's own name, whatever alias the file used. Data sets that are not enabled are in it too. */
  readonly datasets: ReadonlyMap<string, DatasetConfig>;
}

/** A user and password, a source of tokens, or both: then `token` is the source beside the password. */
export type SignInConfig =
  | {
      readonly kind: 'basic';
      readonly username: string;
      readonly password: Secret;
      readonly token: TokenConfig | undefined;
    }
  | TokenConfig;

export type TokenConfig =
  | { readonly kind: 'token'; readonly token: Secret }
  | { readonly kind: 'oidc' | 'oauth'; readonly clientId: string; readonly clientSecret: Secret }
  | {
      readonly kind: 'identity_provider';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: Secret | undefined;
      readonly username: string | undefined;
      readonly password: Secret | undefined;
      readonly scope: string | undefined;
      readonly audience: string | undefined;
      readonly clientAuth: 'header' | 'form';
    };

export interface ProxyConfig {
  /** The origin, without credentials. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
}

export interface DatasetConfig {
  readonly name: string;
  readonly enabled: boolean;
  /** Undefined: the data set's own schedule. */
  readonly every: Recurrence | undefined;
  /** False for never; undefined: the data set's own schedule. */
  readonly sweepIds: Recurrence | false | undefined;
  readonly sweepFull: Recurrence | false | undefined;
  /** `2026-01-01T00:00:00Z`. */
  readonly startTime: string | undefined;
  readonly pageSize: number | undefined;
  /** Done to every record before its fingerprint is taken. */
  readonly obfuscate: readonly ObfuscateRule[];
  /** The data set's own options, as its schema put them out; the connection's tags_include is in them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface SinkConfig {
  readonly name: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly format: string;
  /** Undefined: all there are (one tenant). */
  readonly tenants: readonly string[] | undefined;
  readonly maxBacklogBytes: number | undefined;
  readonly whenFull: 'pause' | 'suspend';
  /** The sink's own settings, as its schema put them out: what its `open` takes. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What goes where. A part that is undefined holds nothing back. */
export interface RouteConfig {
  readonly sinks: readonly string[];
  readonly datasets: readonly string[] | undefined;
  readonly connections: readonly string[] | undefined;
  readonly tenants: readonly string[] | undefined;
  readonly include: readonly Filter[];
  readonly exclude: readonly Filter[];
  readonly fields: readonly string[] | undefined;
  /** Whether it is told what is gone. */
  readonly removals: boolean;
  readonly obfuscate: readonly ObfuscateRule[];
  /** Milliseconds where it is a number. */
  readonly resend: 'never' | 'each_sweep' | number;
  /** Whether findings go again when what their QID means has changed. */
  readonly qidChanged?: boolean;
}

/** A field, with dots for the steps inside, and what is done to it. */
export interface ObfuscateRule {
  readonly path: string;
  readonly how: 'mask' | 'hash' | 'drop';
}

export interface Filter {
  readonly field: string;
  readonly op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'in' | 'contains' | 'matches' | 'exists';
  readonly value: string | number | boolean | readonly (string | number)[] | undefined;
}

/** `quarry.yaml:14:9 connections.eu.platform`, for errors that later stages find; the path alone when it is not in the file. */
export function whereIs(config: Pick<Config, 'file' | 'positions'>, path: string): string {
  const at = config.positions.get(path);
  return at === undefined ? path : `${config.file ?? 'configuration'}:${at.line}:${at.column} ${path}`;
}
