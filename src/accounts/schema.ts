import type { Migration } from '../store/migrate.ts';

/** The tables of people, their sessions and what they keep. Times are milliseconds since the epoch, UTC. */
export interface AccountsSchema {
  /** One row per user. `tenants` is JSON: "*" or a list. `password` is null for who signs in elsewhere (OIDC). */
  account: {
    id: string;
    login: string;
    name: string;
    role: string;
    tenants: string;
    password: string | null;
    subject: string | null;
    disabled: number;
    version: number;
    created: number;
    last_sign_in: number | null;
  };
  /** `id` is the hash of what the cookie holds. */
  session: {
    id: string;
    account: string;
    csrf: string;
    created: number;
    seen: number;
    expires: number;
    address: string;
  };
  /** `id` is the hash of the token; `prefix` its first characters, for people. `scopes` is JSON. */
  api_token: {
    id: string;
    account: string;
    prefix: string;
    name: string;
    scopes: string;
    created: number;
    expires: number | null;
    last_used: number | null;
  };
  /** Links that sign in once; `id` is the hash of what the link holds. */
  first_link: { id: string; expires: number };
  /** Tries to sign in through the identity provider; `id` is the hash of what the cookie holds. */
  sign_on: { id: string; expires: number };
  /** Failed sign-ins by what they were counted for: `login:…` or `address:…`. */
  sign_in_failure: { subject: string; failures: number; until: number; at: number };
  audit: {
    id: number;
    at: number;
    actor: string;
    address: string;
    action: string;
    target: string;
    tenant: string;
    before: string | null;
    after: string | null;
  };
  /** A connection made through the API: `settings` is JSON as the file would hold it, without secrets. */
  stored_connection: {
    id: string;
    tenant: string;
    name: string;
    notes: string;
    run_on: string;
    paused: number;
    settings: string;
    version: number;
    created: number;
    updated: number;
  };
  /** `place` is `connection:<id>:<path>` or `name:<name>`; `sealed` says which key opens it. */
  sealed_secret: { place: string; key_id: string; sealed: string; updated: number };
  /** Answers to requests with an Idempotency-Key; see kept-answers.ts. `answer` is sealed, null while there is none. */
  kept_answer: { id: string; request: string; answer: string | null; at: number };
  saved_query: {
    id: string;
    tenant: string;
    owner: string;
    name: string;
    view: string;
    expression: string;
    presentation: string;
    version: number;
    created: number;
    updated: number;
  };
}

export const accountsMigrations: readonly Migration[] = [
  {
    number: 30,
    name: 'accounts',
    statements: ({ text, name }) => [
      `CREATE TABLE account (id ${text} PRIMARY KEY, login ${text} NOT NULL UNIQUE, name ${text} NOT NULL, role ${text} NOT NULL,
        tenants ${text} NOT NULL, password ${text}, subject ${text} UNIQUE, disabled bigint NOT NULL, version bigint NOT NULL,
        created bigint NOT NULL, last_sign_in bigint)`,
      `CREATE TABLE session (id ${text} PRIMARY KEY, account ${text} NOT NULL, csrf ${text} NOT NULL, created bigint NOT NULL,
        seen bigint NOT NULL, expires bigint NOT NULL, address ${text} NOT NULL)`,
      'CREATE INDEX session_account ON session (account)',
      `CREATE TABLE api_token (id ${text} PRIMARY KEY, account ${text} NOT NULL, prefix ${text} NOT NULL, name ${text} NOT NULL,
        scopes ${text} NOT NULL, created bigint NOT NULL, expires bigint, last_used bigint)`,
      `CREATE TABLE first_link (id ${text} PRIMARY KEY, expires bigint NOT NULL)`,
      `CREATE TABLE sign_in_failure (subject ${text} PRIMARY KEY, failures bigint NOT NULL, until bigint NOT NULL, at bigint NOT NULL)`,
      `CREATE TABLE audit (id ${name === 'sqlite' ? 'integer PRIMARY KEY AUTOINCREMENT' : 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY'},
        at bigint NOT NULL, actor ${text} NOT NULL, address ${text} NOT NULL, action ${text} NOT NULL, target ${text} NOT NULL,
        tenant ${text} NOT NULL, before ${text}, after ${text})`,
      `CREATE TABLE stored_connection (id ${text} PRIMARY KEY, tenant ${text} NOT NULL, name ${text} NOT NULL, notes ${text} NOT NULL,
        run_on ${text} NOT NULL, paused bigint NOT NULL, settings ${text} NOT NULL, version bigint NOT NULL, created bigint NOT NULL,
        updated bigint NOT NULL)`,
      `CREATE TABLE sealed_secret (place ${text} PRIMARY KEY, key_id ${text} NOT NULL, sealed ${text} NOT NULL, updated bigint NOT NULL)`,
      `CREATE TABLE saved_query (id ${text} PRIMARY KEY, tenant ${text} NOT NULL, owner ${text} NOT NULL, name ${text} NOT NULL,
        view ${text} NOT NULL, expression ${text} NOT NULL, presentation ${text} NOT NULL, version bigint NOT NULL, created bigint NOT NULL,
        updated bigint NOT NULL)`,
    ],
  },
  {
    number: 31,
    name: 'single sign-on',
    statements: ({ text }) => [`CREATE TABLE sign_on (id ${text} PRIMARY KEY, expires bigint NOT NULL)`],
  },
  {
    number: 32,
    name: 'answers kept for requests that are asked again',
    statements: ({ text }) => [
      `CREATE TABLE kept_answer (id ${text} PRIMARY KEY, request ${text} NOT NULL, answer ${text}, at bigint NOT NULL)`,
    ],
  },
];
