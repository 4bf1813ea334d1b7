import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAccounts } from '../../src/accounts/accounts.ts';
import { openOutbox } from '../../src/collector/port.ts';

const NOW = Date.UTC(2026, 10, 21);
let dir = '';
let dataDir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'quarry-owner-'));
  dataDir = join(dir, 'a', 'quarry-data');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const modes = async (...names: readonly string[]): Promise<string[]> =>
  Promise.all(names.map(async (name) => ((await stat(join(dataDir, name))).mode & 0o777).toString(8)));
const FILES = ['quarry.db', 'quarry.db-wal', 'quarry.db-shm'];

/** What each of them makes first, in a folder that is not there yet. */
const makers = {
  'the outbox': () => openOutbox({ dataDir }, NOW),
  'the accounts': () => openAccounts({ dataDir, databaseUrl: undefined, env: {} }, NOW),
};

for (const [name, make] of Object.entries(makers)) {
  it(`${name}: what is made, its owner alone can read`, async () => {
    const opened = await make();
    try {
      expect(await modes('.', ...FILES)).toEqual(['700', '600', '600', '600']);
    } finally {
      await opened.close();
    }
  });

  it(`${name}: a folder and a database that are there stay as they are`, async () => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'quarry.db'), '');
    await chmod(dataDir, 0o750);
    await chmod(join(dataDir, 'quarry.db'), 0o640);
    const opened = await make();
    try {
      expect(await modes('.', ...FILES)).toEqual(['750', '640', '640', '640']);
    } finally {
      await opened.close();
    }
  });
}
