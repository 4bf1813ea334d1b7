import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';

const CANARY = 'canary 4e1b pass phrase';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'quarry-people-'));
  writeFileSync(
    join(cwd, 'quarry.yaml'),
    'data_dir: ./d\nconnections:\n  a: { platform: US1, username: u, password: p }\n',
  );
  writeFileSync(join(cwd, 'password'), `${CANARY}\n`);
  writeFileSync(join(cwd, 'empty'), '');
});
afterEach(() => rmSync(cwd, { recursive: true }));

const quarry = (words: string, input = 'password') => cli(words.split(' '), { cwd, after: `< ${input}` });

it('[fault 91] users and tokens are made, listed and removed; nothing shows a password', async () => {
  const seen: string[] = [];
  const ok = async (words: string, input?: string) => {
    const { code, stdout, stderr } = await quarry(words, input);
    expect(code, stderr).toBe(0);
    seen.push(stdout, stderr);
    return stdout;
  };
  await ok('user add Ada --role admin');
  await ok('user add bob --tenants acme,globex');
  expect(JSON.parse(await ok('user list --json'))).toMatchObject([
    { login: 'ada', role: 'admin', tenants: '*', hasPassword: true },
    { login: 'bob', role: 'viewer', tenants: ['acme', 'globex'] },
  ]);
  const token = (await ok('user token bob --name nightly --scopes read,run')).trim();
  expect(token).toMatch(/^qry_[\w-]{43}$/);
  expect(await ok('user tokens')).toContain(`${token.slice(0, 10)}…`);
  await ok(`user revoke ${token.slice(0, 10)}`);
  expect(JSON.parse(await ok('user tokens --json'))).toEqual([]);
  await ok('user passwd bob');
  await ok('user remove bob');
  await ok('secrets rotate');
  expect(seen.join('')).not.toContain(CANARY);
});

it('mistakes are told apart and change nothing', async () => {
  expect(await quarry('user add ada', 'empty')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Nothing was given'),
  });
  expect(await quarry('user add ada --role admin')).toMatchObject({ code: 0 });
  expect(await quarry('user add ADA')).toMatchObject({ code: 1, stderr: expect.stringContaining('QRY8002') });
  expect(await quarry('user passwd adda')).toMatchObject({ stderr: expect.stringContaining('Did you mean ada?') });
  expect(await quarry('user remove ada')).toMatchObject({ code: 1, stderr: expect.stringContaining('QRY8005') });
  expect(await quarry('user token ada --name x --scopes everything')).toMatchObject({
    stderr: expect.stringContaining('no scope everything'),
  });
  expect(await quarry('secrets set a.password')).toMatchObject({
    stderr: expect.stringContaining('stand in the file'),
  });
});
