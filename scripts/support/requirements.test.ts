import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import config from '../../vitest.config.ts';
import { idsIn, judge, readReport, readRequirements, requirementLines, strangers } from './requirements.ts';

/** Ids are put together here, so that a bracket in this file is never taken for a proof. */
const named = (inside: string): string => `it does so [${inside}]`;

const LIST = `
| id | requirement | decided otherwise |
|---|---|---|
| D1 | It starts. | |
| D2 | It stops. | Never needed: it ends. |
| D3 | It is quick. | |
| S4 | It is \`small\`. | |
`;
const report = (tests: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    testResults: [{ assertionResults: Object.entries(tests).map(([fullName, status]) => ({ fullName, status })) }],
  });
const standings = (tests: Readonly<Record<string, string>>): string[] =>
  judge(readRequirements(LIST), readReport(report(tests))).map(({ id, standing }) => `${id} ${standing}`);

describe('ids in the name of a test', () => {
  it.each([
    ['D47', ['D47']],
    ['S43, M25', ['S43', 'M25']],
    ['D38-D40', ['D38', 'D39', 'D40']],
    ['D38-40', ['D38', 'D39', 'D40']],
    ['A13, A15–A17', ['A13', 'A15', 'A16', 'A17']],
    ['fault 53', []],
    ['faults 59-63', []],
    ['promise 8', []],
    ['D1 and more', []],
    ['D3-D1', []],
    ['D1-S2', []],
    ['QRY4011', []],
  ])('"%s" in brackets', (inside, ids) => {
    expect(idsIn(named(inside))).toEqual(ids);
  });

  it('stand in any number of brackets, and not outside of them', () => {
    expect(idsIn(`D9 ${named('D1')} ${named('fault 2')} ${named('F3')}`)).toEqual(['D1', 'F3']);
  });
});

describe('a requirement', () => {
  it('is proven by a test that names it and passed', () => {
    expect(standings({ [named('D1, S4')]: 'passed', other: 'passed' })).toEqual([
      'D1 proven',
      'D2 decided',
      'D3 open',
      'S4 proven',
    ]);
  });

  it.each(['failed', 'skipped', 'pending', 'todo'])('is open when its test is %s', (status) => {
    expect(standings({ [named('D1')]: status })[0]).toBe('D1 open');
  });

  it('stays proven beside a test that was skipped, and not beside one that failed', () => {
    expect(standings({ [named('D1')]: 'passed', [`${named('D1')} too`]: 'skipped' })[0]).toBe('D1 proven');
    expect(standings({ [named('D1')]: 'passed', [`${named('D1')} too`]: 'failed' })[0]).toBe('D1 open');
  });

  it('that is open is printed with what stood in the way, and counted', () => {
    const judged = judge(readRequirements(LIST), readReport(report({ [named('D1')]: 'skipped' })));
    expect(requirementLines(judged)).toEqual([
      `OPEN  D1   It starts.  (not run: ${named('D1')})`,
      'OPEN  D3   It is quick.',
      'OPEN  S4   It is `small`.',
      'D: D1 D3',
      'S: S4',
      '4 requirements: 0 proven, 1 decided, 3 open',
    ]);
  });

  it('that is named and not in the list is told', () => {
    expect(strangers(readRequirements(LIST), readReport(report({ [named('D1, D99')]: 'passed' })))).toEqual(['D99']);
  });
});

describe('the list', () => {
  it('cannot lose a row without a word', () => {
    expect(() => readRequirements('| D1 |  | |')).toThrow('no row of requirements');
    expect(() => readRequirements('| X1 | It is. | |')).toThrow('no row of requirements');
    expect(() => readRequirements(`${LIST}| D1 | Again. | |`)).toThrow('D1 stands twice');
  });

  it('that is in force has every id once, without a gap, and a sentence for each', () => {
    const list = readRequirements(readFileSync(resolve('docs/requirements.md'), 'utf8'));
    const counts = Object.entries(Object.groupBy(list, ({ id }) => id.charAt(0))).map(([letter, of = []]) => {
      expect(of.map(({ id }) => id)).toEqual(of.map((_, i) => `${letter}${i + 1}`));
      return `${letter}${of.length}`;
    });
    expect(counts).toEqual(['D69', 'F52', 'S55', 'M25', 'A57']);
    for (const { says } of list) expect(says).toMatch(/^[A-Z0-9`].+\.$/);
  });
});

it('a test that asserts nothing cannot pass, so it cannot prove', () => {
  expect(config.test?.expect?.requireAssertions).toBe(true);
});
