import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../src/core/catalogue.ts';
import { errorsPage } from './generate-errors.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const codes = Object.keys(CATALOGUE);

function codesIn(text: string): string[] {
  return [...new Set(text.match(/QRY\d{4}/g) ?? [])].sort();
}

/** Every TypeScript file of the product but the catalogue itself and tests. */
function sources(): { file: string; text: string }[] {
  return readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'core/catalogue.ts')
    .map((file) => ({ file, text: readFileSync(`${root}src/${file}`, 'utf8') }));
}

describe('the page of error codes', () => {
  const page = readFileSync(`${root}docs/reference/errors.md`, 'utf8');

  it('is what the catalogue makes (else: npm run generate)', () => {
    expect(page).toBe(errorsPage());
  });

  it('has every code of the catalogue, and the catalogue every code of the page', () => {
    const headings = [...page.matchAll(/^### (QRY\d{4}): (.+)$/gm)].map(([, code, title]) => [code, title]);
    expect(headings).toEqual(codes.map((code) => [code, CATALOGUE[code as keyof typeof CATALOGUE].title]));
    expect(codesIn(page).filter((code) => !codes.includes(code))).toEqual([]);
  });
});

describe('the catalogue', () => {
  it('is in order and without repeats', () => {
    expect(codes).toEqual([...new Set(codes)].sort());
  });

  it('has every code that the sources name', () => {
    const unknown = sources().flatMap(({ file, text }) =>
      codesIn(text)
        .filter((code) => !codes.includes(code))
        .map((code) => `${code} in src/${file}`),
    );
    expect(unknown).toEqual([]);
  });

  it('has no code that nothing in the sources uses', () => {
    const used = new Set(sources().flatMap(({ text }) => codesIn(text)));
    expect(codes.filter((code) => !used.has(code))).toEqual([]);
  });

  it('says in whole sentences why and what to do', () => {
    for (const [code, { title, why, fix }] of Object.entries(CATALOGUE)) {
      expect(title, code).not.toMatch(/\.$/);
      expect(why, code).toMatch(/^[A-Z`].*\.$/s);
      expect(fix, code).toMatch(/^[A-Z`].*\.$/s);
    }
  });
});
