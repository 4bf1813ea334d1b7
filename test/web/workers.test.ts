import { describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { hasChromium, NO_CHROMIUM, settled, startBrowser, violations, watchedPage } from '../support/browser.ts';
import { startCli, until, writeConfig } from '../support/cli.ts';
import { findPostgres, startPostgres } from '../support/postgres-server.ts';
import { skipUnless } from '../support/skip.ts';
import { servePage } from '../support/web-demo.ts';

const runnable = findPostgres();
const reason = hasChromium ? String(runnable) : NO_CHROMIUM;

describe('workers on the page', skipUnless(hasChromium && typeof runnable !== 'string', reason), () => {
  it('are shown where several share the work, and not where one does all of it', async () => {
    const server = await startPostgres(runnable as Exclude<typeof runnable, string>);
    const { url: api_url, username, password, close } = await startSimulator({ hosts: 5, seed: 1, limits: 'off' });
    const database_url = await server.createDatabase();
    let dir = '';
    const served = await servePage(['run', '--log-format', 'json'], async (place) => {
      dir = place;
      await writeConfig(place, {
        ...{ data_dir: './data', database_url, server: { listen: '127.0.0.1:0' } },
        connections: {
          acme: { ...{ api_url, username, password: password.replaceAll('$', '$$$$') }, datasets: { host_list: {} } },
        },
      });
    });
    const browser = await startBrowser();
    const second = () => startCli(['worker', '--name', 'second'], { cwd: dir, env: { QUARRY_LOG_FORMAT: 'json' } });
    let worker: ReturnType<typeof startCli> | undefined;
    try {
      const { page, complaints } = await watchedPage(browser);
      await page.goto(served.link);
      await page.getByRole('textbox', { name: 'Password' }).fill('a long pass phrase');
      await page.getByRole('button', { name: 'Begin' }).click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.getByRole('heading', { name: 'Next pulls' }).waitFor();
      await settled(page);
      const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Workers' }) });
      expect(await panel.count()).toBe(0);
      complaints();
      worker = second();
      const rows = panel.locator('tbody tr');
      await until(async () => (await rows.count()) === 2);
      const row = rows.filter({ hasText: 'second' });
      expect(await row.textContent()).toMatch(/^secondat work\d+0\d+\.\d+/);
      expect(await violations(page)).toEqual([]);
      worker.child.kill('SIGTERM');
      await worker.exited;
      await until(async () => (await panel.count()) === 0);
      expect(complaints()).toEqual([]);
    } finally {
      worker?.child.kill('SIGTERM');
      await worker?.exited;
      await browser.close();
      await served.close();
      await close();
      await server.stop();
    }
  }, 240_000);
});
