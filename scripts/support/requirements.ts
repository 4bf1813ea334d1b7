/**
 * The list of requirements (`docs/requirements.md`) held against a report of tests. An id is proven by a test that
 * names it in brackets, alone or in a list, and passed; one that fails takes the proof away again. That a test which
 * passed has asserted something is vitest's to see to (`requireAssertions` in vitest.config.ts).
 */
export interface Requirement {
  readonly id: string;
  readonly says: string;
  /** Why it is met otherwise, or not at all; empty where it is to be proven. */
  readonly decision: string;
}

/** One test of a report, with the titles around it. */
export interface Tested {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'not run';
}

export type Standing = 'proven' | 'decided' | 'open';

export interface Judged extends Requirement {
  readonly standing: Standing;
  /** Tests that name the id and did not prove it: failed, or not run. */
  readonly unproven: readonly Tested[];
}

const ROW = /^\| ([DFSMA]\d+) \| (.+?) \|(?: (.+?))? \|$/;

/** @throws Error when a row cannot be read or an id stands twice: a list with holes would look complete. */
export function readRequirements(markdown: string): Requirement[] {
  const found = new Map<string, Requirement>();
  for (const line of markdown.split('\n')) {
    if (!/^\|\s*[A-Z]\d/.test(line)) continue;
    const [, id, says, decision = ''] = ROW.exec(line) ?? [];
    if (id === undefined || says === undefined) throw new Error(`no row of requirements: ${line}`);
    if (found.has(id)) throw new Error(`requirement ${id} stands twice`);
    found.set(id, { id, says, decision });
  }
  return [...found.values()];
}

/** `[D47]`, `[S43, M25]`, `[D38-D49]`; brackets that hold anything else (`[fault 53]`, `[faults 59-63]`) are not meant. */
export function idsIn(name: string): string[] {
  return [...name.matchAll(/\[([^[\]]+)\]/g)].flatMap(([, inside = '']) => {
    const parts = inside.split(/[,\s]+/).map(range);
    return parts.every((part) => part !== undefined) ? parts.flat() : [];
  });
}

function range(text: string): string[] | undefined {
  const [, letter = '', from = '', again, to = from] = /^([DFSMA])(\d+)(?:[-–]([DFSMA])?(\d+))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (letter === '' || (again !== undefined && again !== letter) || last < first) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => `${letter}${first + i}`);
}

export function judge(requirements: readonly Requirement[], tests: readonly Tested[]): Judged[] {
  const naming = Map.groupBy(
    tests.flatMap((test) => [...new Set(idsIn(test.name))].map((id) => ({ id, test }))),
    ({ id }) => id,
  );
  return requirements.map((requirement) => {
    const named = (naming.get(requirement.id) ?? []).map(({ test }) => test);
    const unproven = named.filter(({ state }) => state !== 'passed');
    const proven = named.length > unproven.length && !unproven.some(({ state }) => state === 'failed');
    const standing = proven ? 'proven' : requirement.decision === '' ? 'open' : 'decided';
    return { ...requirement, standing, unproven };
  });
}

/** Ids that tests name and the list does not know: spelt wrongly, or removed. */
export function strangers(requirements: readonly Requirement[], tests: readonly Tested[]): string[] {
  const known = new Set(requirements.map(({ id }) => id));
  return [...new Set(tests.flatMap(({ name }) => idsIn(name)))].filter((id) => !known.has(id)).sort();
}

/** The tests of a report that vitest wrote with `--reporter=json`. */
export function readReport(json: string): Tested[] {
  const { testResults } = JSON.parse(json) as {
    testResults: readonly { assertionResults: readonly { fullName: string; status: string }[] }[];
  };
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      name: fullName,
      state: status === 'passed' || status === 'failed' ? status : ('not run' as const),
    })),
  );
}

/** What is open, letter by letter, and a last line that counts. */
export function requirementLines(judged: readonly Judged[]): string[] {
  const open = judged.filter(({ standing }) => standing === 'open');
  const count = (standing: Standing): number => judged.filter((one) => one.standing === standing).length;
  return [
    ...open.map(({ id, says, unproven }) => {
      const why = unproven.map(({ name, state }) => `  (${state}: ${name})`).join('');
      return `OPEN  ${id.padEnd(4)} ${says}${why}`;
    }),
    ...[...Map.groupBy(open, ({ id }) => id.charAt(0))].map(
      ([letter, of]) => `${letter}: ${of.map(({ id }) => id).join(' ')}`,
    ),
    `${judged.length} requirements: ${count('proven')} proven, ${count('decided')} decided, ${count('open')} open`,
  ];
}
