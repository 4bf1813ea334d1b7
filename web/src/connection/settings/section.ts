/** A connection's section as the file would hold it, without secrets; read and changed a value at a time. */
export type Section = Readonly<Record<string, unknown>>;

export const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `proxy.url` of a section. */
export const valueAt = (section: Section, path: string): unknown =>
  path.split('.').reduce<unknown>((held, name) => (isSection(held) ? held[name] : undefined), section);

/** The section with another value there; without it for undefined, '' and empty lists, and without what is empty then. */
export function withValue(section: Section, path: string, value: unknown): Section {
  const [name = '', ...rest] = path.split('.');
  const { [name]: before, ...others } = section;
  if (rest.length > 0) {
    const inner = withValue(isSection(before) ? before : {}, rest.join('.'), value);
    return Object.keys(inner).length === 0 ? others : { ...section, [name]: inner };
  }
  const isNothing = value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  return isNothing ? others : { ...section, [name]: value };
}

/** `all`, a list or a map of data sets, as a map. */
export function datasetsOf({ datasets = 'all' }: Section, all: readonly string[]): Readonly<Record<string, Section>> {
  const names = datasets === 'all' ? all : Array.isArray(datasets) ? (datasets as string[]) : undefined;
  if (names !== undefined) return Object.fromEntries(names.map((name) => [name, {}]));
  return Object.fromEntries(
    Object.entries(isSection(datasets) ? datasets : {}).map(([name, own]) => [name, isSection(own) ? own : {}]),
  );
}
