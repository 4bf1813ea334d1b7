import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
let baseDir = '';
beforeAll(() => {
  baseDir = mkdtempSync(join(tmpdir(), 'quarry-interpolate-'));
});
afterAll(() => rmSync(baseDir, { recursive: true }));

const fill = (text: string, env: Record<string, string> = {}) => interpolate(text, { env, baseDir });

describe('references', () => {
  const env = { USER_NAME: 'joe', EMPTY: '', REFERENCE: '${USER_NAME}' };
  it.each([
    ['plain', 'plain'],
    ['${USER_NAME}', 'joe'],
    ['a${USER_NAME}b${USER_NAME}', 'ajoebjoe'],
    ['${NOPE:-default}', 'default'],
    ['${NOPE:-}', ''],
    ['${EMPTY}', ''],
    ['${EMPTY:-default}', 'default'],
    ['${USER_NAME:-default}', 'joe'],
    ['${NOPE:-${USER_NAME}-${NOPE:-x}}', 'joe-x'],
    ['${USER_NAME:?say who}', 'joe'],
    ['$$', '$'],
    ['$${USER_NAME}', '${USER_NAME}'],
    ['pa$word$', 'pa$word$'],
    ['$$$$', '$$'],
    ['${NOPE:-a$$b}', 'a$b'],
    // What is put in is not looked at again.
    ['${REFERENCE}', '${USER_NAME}'],
  ])('%j becomes %j', (text, expected) => {
    expect(fill(text, env)).toMatchObject({ text: expected });
  });

  it.each([
    ['${NOPE}', 'the environment variable NOPE is not set'],
    ['${NOPE:?ask the admin}', 'NOPE is not set: ask the admin'],
    ['${EMPTY:?ask the admin}', 'EMPTY is not set: ask the admin'],
    ['${NOPE:-${ALSO}}', 'ALSO is not set'],
    ['${USER_NAME', 'without its `}`'],
    ['${}', 'expected ${VAR}'],
    ['${1X}', 'expected ${VAR}'],
    ['${USER-NAME}', 'expected ${VAR}'],
    ['${toString}', 'toString is not set'],
    ['${__proto__}', '__proto__ is not set'],
  ])('%j is a problem: %s', (text, message) => {
    expect(fill(text, env)).toEqual({ problem: expect.stringContaining(message) });
  });
});

describe('files', () => {
  it('are put in without their last line end; relative paths are relative to the configuration', () => {
    writeFileSync(join(baseDir, 'secret'), 'p$$w ${X}\n');
    expect(fill('${file:secret}')).toEqual({ text: 'p$$w ${X}', replaced: true });
    expect(fill(`<\${file:${join(baseDir, 'secret')}}>`)).toMatchObject({ text: '<p$$w ${X}>' });
    writeFileSync(join(baseDir, 'dos'), 'a\r\n\r\n');
    expect(fill('${file:dos}')).toMatchObject({ text: 'a\r\n' });
  });
  it('that cannot be read say which and why', () => {
    expect(fill('${file:absent}')).toEqual({ problem: 'the file absent cannot be read: it does not exist' });
    expect(fill('${file:.}')).toEqual({ problem: 'the file . cannot be read: it is a folder' });
    expect(fill('${file:}')).toEqual({ problem: 'expected a path after `file:`' });
    writeFileSync(join(baseDir, 'latin1'), Buffer.from([0x70, 0xe4]));
    expect(fill('${file:latin1}')).toEqual({ problem: 'the file latin1 cannot be read: it is not UTF-8 text' });
    writeFileSync(join(baseDir, 'big'), Buffer.alloc((1 << 20) + 1, 'x'));
    expect(fill('${file:big}')).toEqual({ problem: 'the file big is larger than 1 MiB' });
  });
});

describe('for any text', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);

  it(`doubling its dollar signs keeps it as it is (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', ':', '-', 'A', 'ä', ' ') }), (text) => {
        expect(fill(text.replaceAll('$', '$$$$'))).toEqual({ text, replaced: false });
      }),
      { seed },
    );
  });

  it(`a value is put in letter by letter, between what stands around it (seed ${seed})`, () => {
    fc.assert(
      fc.property(name, fc.string(), fc.string(), fc.string(), (variable, value, before, after) => {
        const around = (text: string) => text.replaceAll('$', '$$$$');
        const text = `${around(before)}\${${variable}}${around(after)}`;
        expect(fill(text, { [variable]: value })).toEqual({ text: `${before}${value}${after}`, replaced: true });
      }),
      { seed },
    );
  });

  it(`it ends with a text or a problem, never a throw, and a problem never shows a value (seed ${seed})`, () => {
    const piece = fc.constantFrom('${', '}', '$', ':-', ':?', 'A', 'B', 'file:', 'x', '/', '');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const result = fill(pieces.join(''), { A: 'canary-value' });
        if ('problem' in result) expect(result.problem).not.toContain('canary');
        else expect(typeof result.text).toBe('string');
      }),
      { seed },
    );
  });
});
