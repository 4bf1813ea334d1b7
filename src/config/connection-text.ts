import { stringify } from 'yaml';

/** The longest line before a text is folded: none is. */
const WIDE = 0;

/**
 * A connection kept elsewhere as a piece of `quarry.yaml`. Its texts are taken as they are, so a dollar sign is doubled;
 * `references` fills in what stands for its secrets: `${ACME_PASSWORD}`, by path (`proxy.password`).
 */
export function connectionText(
  id: string,
  settings: Readonly<Record<string, unknown>>,
  references: ReadonlyMap<string, string>,
): string {
  const section = plain(settings) as Record<string, unknown>;
  for (const [path, reference] of references) {
    const [first = '', second] = path.split('.');
    if (second === undefined) section[first] = reference;
    else section[first] = { ...(section[first] as object | undefined), [second]: reference };
  }
  return stringify({ connections: { [id]: section } }, { lineWidth: WIDE });
}

/** The name of a variable for a secret of a connection: `QUARRY_ACME_PROXY_PASSWORD`. */
export const variableFor = (id: string, path: string): string =>
  `QUARRY_${id}_${path}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');

function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}
