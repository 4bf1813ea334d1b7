import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { QuarryError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Secret } from '../core/secret.ts';
import { createLog, type LogOptions, logDefaults } from './log.ts';

const CANARY = 'hunter2-canary';

function lines(options: Partial<LogOptions>, say: (log: Log) => void): string[] {
  const written: string[] = [];
  say(
    createLog({
      format: 'json',
      level: 'info',
      color: false,
      ...options,
      stream: { write: (l) => void written.push(l) },
    }),
  );
  return written;
}

describe('JSON lines', () => {
  it('carry time in UTC, level as a word, message and fields, children too', () => {
    const [line] = lines({}, (log) =>
      log
        .child({ connection: 'acme' })
        .child({ dataset: 'host_list' })
        .warn('page failed', { code: 'QRY2002', pull: 7 }),
    );
    const entry = JSON.parse(line!) as Record<string, unknown>;
    expect(entry).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'warn',
      msg: 'page failed',
      connection: 'acme',
      dataset: 'host_list',
      code: 'QRY2002',
      pull: 7,
    });
  });

  it('below the level are not written', () => {
    expect(lines({ level: 'warn' }, (log) => log.info('x'))).toEqual([]);
  });

  it('show an error of ours by code and words, without a stack', () => {
    const error = new QuarryError('QRY2010', { what: 'refused', where: 'acme', qualys: { status: 401, code: '2000' } });
    const [line] = lines({}, (log) => log.error('sign-in', { error }));
    expect(JSON.parse(line!)).toMatchObject({
      error: { code: 'QRY2010', message: 'refused', where: 'acme', qualys: { status: 401, code: '2000' } },
    });
    expect(line).not.toContain('log.test.ts');
  });
});

describe.each(['json', 'pretty', 'devo'] as const)('a secret in %s', (format) => {
  it('[promise 12] is not written, whether it is a Secret or stands under a telling name', () => {
    const [line] = lines({ format }, (log) =>
      log.info('m', {
        secret: new Secret(CANARY),
        list: [new Secret(CANARY)],
        password: CANARY,
        request: { headers: { authorization: CANARY } },
        signIn: { password: CANARY },
      }),
    );
    expect(line).not.toContain(CANARY);
    expect(line).toContain('[redacted]');
  });
});

describe('pretty lines', () => {
  it('are one line for a person, without colour codes unless wanted', () => {
    const [plain] = lines({ format: 'pretty' }, (log) =>
      log.info('pull begins', { dataset: 'host_list', what: 'two words', pages: 3, none: '' }),
    );
    expect(plain).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: pull begins {2}dataset=host_list what="two words" pages=3\n$/);
    const [colored] = lines({ format: 'pretty', color: true }, (log) => log.info('pull begins'));
    expect(colored).toContain('\u001b[');
  });
});

it('[F16] a devo line has the form of the Devo collector', () => {
  const [line] = lines({ format: 'devo' }, (log) => log.warn('sink failed', { sink: 'devo' }));
  expect(line).toMatch(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} WARNING OutputProcess::MainThread -> sink failed \{"sink":"devo"\}\n$/,
  );
});

it('the last line before an exit is written, to standard error', () => {
  const script = `
    import { createLog } from '${new URL('./log.ts', import.meta.url).href}';
    createLog({ format: process.argv[1], level: 'info', color: false }).error('the last words');
    process.exit(3);`;
  for (const format of ['json', 'pretty', 'devo']) {
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script, format], { encoding: 'utf8' });
    expect(run.stderr).toContain('the last words');
    expect(run).toMatchObject({ status: 3, stdout: '' });
  }
});

it('colour and form follow the terminal, NO_COLOR, FORCE_COLOR, CI and TERM', () => {
  expect(logDefaults({}, true)).toEqual({ format: 'pretty', color: true });
  expect(logDefaults({}, false)).toEqual({ format: 'json', color: false });
  expect(logDefaults({ NO_COLOR: '1', FORCE_COLOR: '1' }, true).color).toBe(false);
  expect(logDefaults({ NO_COLOR: '' }, true).color).toBe(true);
  expect(logDefaults({ FORCE_COLOR: '1' }, false).color).toBe(true);
  expect(logDefaults({ CI: 'true' }, true).color).toBe(false);
  expect(logDefaults({ TERM: 'dumb' }, true).color).toBe(false);
});
