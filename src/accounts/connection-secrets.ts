import { Secret } from '../core/secret.ts';

/** A section of the configuration, as the file would hold it. */
export type Settings = Readonly<Record<string, unknown>>;

/** Where a connection's settings hold secrets. */
const SECRET_PATHS = [
  ['password'],
  ['token'],
  ['oidc', 'client_secret'],
  ['oauth', 'client_secret'],
  ['identity_provider', 'client_secret'],
  ['identity_provider', 'password'],
  ['proxy', 'password'],
] as const;

export interface Parted {
  /** The settings without their secrets. */
  readonly open: Settings;
  /** The secrets by path: `proxy.password`. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** Takes the secrets out of a connection's settings. An empty text is none. */
export function partSecrets(settings: Settings): Parted {
  const open = structuredClone(settings) as Record<string, unknown>;
  const secrets = new Map<string, Secret>();
  for (const path of SECRET_PATHS) {
    const holder = path.length === 1 ? open : open[path[0]];
    const name = path.at(-1)!;
    if (!isSection(holder) || !(name in holder)) continue;
    const value = holder[name];
    delete holder[name];
    if (typeof value === 'string' && value !== '') secrets.set(path.join('.'), new Secret(value));
  }
  return { open, secrets };
}

/** Settings with a value for each secret: the secret itself, or what stands for it in a file. */
export function fillSecrets(open: Settings, values: ReadonlyMap<string, string>): Settings {
  const filled = structuredClone(open) as Record<string, unknown>;
  for (const [path, value] of values) {
    const [first, second] = path.split('.');
    if (second === undefined) filled[first!] = value;
    else filled[first!] = { ...(isSection(filled[first!]) ? (filled[first!] as Settings) : {}), [second]: value };
  }
  return filled;
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
