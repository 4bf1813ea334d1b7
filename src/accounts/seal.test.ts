import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QuarryError } from '../core/errors.ts';
import { reveal, Secret } from '../core/secret.ts';
import { findKeys, KEY_FILE, writeKeys } from './key-file.ts';
import { keyring, newKey } from './seal.ts';

const seed = Date.now() % 2 ** 31;
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (thrown) {
    return thrown instanceof QuarryError ? thrown.code : String(thrown);
  }
};

describe('sealing', () => {
  const keys = keyring([new Secret('correct horse battery')]);

  it('gives back what was sealed, in its place alone', () => {
    console.log(`seed ${seed}`);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (text, place, elsewhere) => {
        const sealed = keys.seal(place, new Secret(text));
        expect(reveal(keys.open(place, sealed))).toBe(Buffer.from(text).toString());
        if (elsewhere !== place) expect(codeOf(() => keys.open(elsewhere, sealed))).toBe('QRY8011');
      }),
      { seed, numRuns: 100 },
    );
  });

  it('refuses whatever was changed in it', () => {
    const sealed = keys.seal('a', new Secret('s3cret'));
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(sealed[at] !== character);
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1);
        expect(codeOf(() => keys.open('a', changed))).toMatch(/^QRY801[01]$/);
      }),
      { seed, numRuns: 300 },
    );
    for (let cut = 0; cut < sealed.length; cut++)
      expect(codeOf(() => keys.open('a', sealed.slice(0, cut)))).toMatch(/^QRY801[01]$/);
  });

  it('[fault 93] tells a wrong key from damage, and never seals the same text twice alike', () => {
    const other = keyring([newKey()]);
    expect(codeOf(() => other.open('a', keys.seal('a', new Secret('x'))))).toBe('QRY8010');
    expect(keys.seal('a', new Secret('x'))).not.toBe(keys.seal('a', new Secret('x')));
  });

  it('opens with any key of the ring and seals with the first', () => {
    const [old, young] = [newKey(), newKey()];
    const sealed = keyring([old]).seal('a', new Secret('x'));
    const both = keyring([young, old]);
    expect(reveal(both.open('a', sealed))).toBe('x');
    expect(both.seal('a', new Secret('x')).split('.')[1]).toBe(both.ids[0]);
  });
});

describe('the key file', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'quarry-keys-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('is made once, for its owner alone', async () => {
    const first = await findKeys(dir, {}, false);
    expect(first.made).toBe(true);
    expect(statSync(join(dir, KEY_FILE)).mode & 0o777).toBe(0o600);
    const second = await findKeys(dir, {}, true);
    expect(second.made).toBe(false);
    expect(second.texts.map(reveal)).toEqual(first.texts.map(reveal));
  });

  it('[fault 93] is not made anew while something is sealed', async () => {
    const lost = mkdtempSync(join(dir, 'lost-'));
    await expect(findKeys(lost, {}, true)).rejects.toMatchObject({ code: 'QRY8012' });
    await expect(findKeys(lost, { QUARRY_SECRET_KEY_FILE: join(lost, 'none') }, false)).rejects.toMatchObject({
      code: 'QRY8012',
    });
  });

  it('comes from the environment where it is there, and says what cannot be a key', async () => {
    const given = await findKeys(
      dir,
      { QUARRY_SECRET_KEY: 'a'.repeat(20), QUARRY_SECRET_KEY_OLD: 'b'.repeat(20) },
      true,
    );
    expect(given.texts.map(reveal)).toEqual(['a'.repeat(20), 'b'.repeat(20)]);
    const path = join(dir, 'short');
    writeFileSync(path, 'tooshort\n');
    await expect(findKeys(dir, { QUARRY_SECRET_KEY_FILE: path }, false)).rejects.toMatchObject({ code: 'QRY8012' });
  });

  it('is replaced whole', async () => {
    const path = join(dir, 'replaced');
    await writeKeys(path, [new Secret('one'.repeat(8))]);
    await writeKeys(path, [new Secret('two'.repeat(8)), new Secret('one'.repeat(8))]);
    expect(readFileSync(path, 'utf8')).toBe(`${'two'.repeat(8)}\n${'one'.repeat(8)}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
