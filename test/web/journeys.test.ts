import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { hasChromium, NO_CHROMIUM, settled, startBrowser, violations, watchedPage } from '../support/browser.ts';
import { until } from '../support/cli.ts';
import { skipUnless } from '../support/skip.ts';
import { type ServedPage, servePage } from '../support/web-demo.ts';

const SLOW = 240_000;
type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** A Qualys that answers everything with one status, as its front door does when something is wrong. */
async function statusServer(status: number): Promise<Server> {
  const text = '<SIMPLE_RETURN><RESPONSE><CODE>999</CODE><TEXT>said by the test</TEXT></RESPONSE></SIMPLE_RETURN>';
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'text/xml' }).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('journeys through the page', skipUnless(hasChromium, NO_CHROMIUM), () => {
  let browser: Browser;
  let served: ServedPage;
  let simulator: Simulator;
  let page: Page;
  const open = async (path: string): Promise<void> => {
    await page.goto(`${served.url}#${path}`);
    await settled(page);
  };
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
  /** As the page asks, beside it. */
  async function api<T>(method: string, path: string, data?: unknown): Promise<T> {
    const url = (of: string) => new URL(`/api/v1${of}`, served.url).href;
    const { csrf_token } = (await (await page.request.get(url('/session'))).json()) as { csrf_token: string };
    const answer = await page.request.fetch(url(path), { method, headers: { 'x-csrf-token': csrf_token }, data });
    return (await answer.json()) as T;
  }
  const counted = async (path: string): Promise<number> => {
    const answer = await page.request.get(new URL(`/api/v1/inventory/${path}`, served.url).href);
    return ((await answer.json()) as { count: number }).count;
  };

  /** To the sign-in of the wizard, with this address. */
  async function toConfiguration(name: string, apiUrl: string): Promise<void> {
    // From elsewhere, so that what was filled in before is gone.
    await open('/connections');
    await open('/connections/new');
    await page.getByLabel('Name', { exact: false }).first().fill(name);
    await button('Next').click();
    await page
      .getByRole('textbox', { name: 'Platform' })
      .or(page.getByRole('combobox', { name: 'Platform' }))
      .click();
    await page.getByRole('option', { name: /Another address/ }).click();
    await page.getByLabel('Qualys API URL').fill(apiUrl);
    await page.getByLabel('User name', { exact: false }).first().fill('reader');
    await page.getByRole('textbox', { name: 'Password' }).first().fill('not the password');
  }

  beforeAll(async () => {
    served = await servePage(['demo', '--hosts', '30', '--data-dir', 'demo', '--listen', '127.0.0.1:0']);
    simulator = await startSimulator({ hosts: 5, seed: 3, limits: 'standard', frozen: true });
    browser = await startBrowser();
    ({ page } = await watchedPage(browser));
    await page.goto(served.link);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await until(async () => (await counted('findings/count')) > 100);
  }, SLOW);
  afterAll(async () => {
    await browser?.close();
    await simulator?.close();
    await served?.close();
  });

  it('[S18] [S22] [S32] adds a connection step by step, tests it on the way, and finds it active at once', async () => {
    await open('/connections/new');
    await button('Next').click();
    await page.getByText('A connection needs a name.').waitFor();
    await page.getByLabel('Name', { exact: false }).first().fill('Überall');
    await page.getByText(/no multibyte characters/).waitFor();
    await toConfiguration('Branch office', `${simulator.url}/`);
    await button('Test the sign-in').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Failure: see what to do above.').waitFor();
    await dialog.getByText('What to do:').first().waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByLabel('User name', { exact: false }).first().fill(simulator.username);
    await page.getByRole('textbox', { name: 'Password' }).first().fill(simulator.password);
    await button('Test the sign-in').click();
    await page.getByRole('dialog').getByText('Success: everything was entered correctly.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await button('Next').click();
    await button('Hosts').click();
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(1);
    await page.getByText(/The first load takes about/).waitFor();
    await button('Next').click();
    await page.getByRole('cell', { name: 'archive' }).waitFor();
    await button('Next').click();
    const yaml = await page.getByRole('region', { name: 'The connection as YAML' }).textContent();
    expect(yaml).toContain('branch-office:');
    expect(yaml).not.toContain(simulator.password);
    // Two clicks at once: sent twice, carried out once.
    const keys: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/api/v1/connections'))
        keys.push(request.headers()['idempotency-key']);
    });
    await page.locator('form').evaluate((form: { requestSubmit(): void }) => {
      form.requestSubmit();
      form.requestSubmit();
    });
    await page.getByRole('heading', { name: 'Branch office' }).waitFor();
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), keys[0]]);
    const { total } = await api<{ total: number }>('GET', '/connections');
    expect(total).toBe(2);
    await settled(page);
    await page.getByText('up to date').waitFor({ timeout: 60_000 });
    await page.getByRole('link', { name: 'View events' }).click();
    await page.getByRole('cell', { name: 'branch-office' }).first().waitFor();
  });

  it('[S42] [S45] [S46] [S47] [S48] [S49] [S55] says of each failure what it means and what to do', async () => {
    const expected: readonly (readonly [status: number, means: RegExp])[] = [
      [400, /Is the connection configured correctly\?/],
      [401, /not expired\?.*entitled or licensed/],
      [403, /the role and the permissions/],
      [404, /Is the API URL that of your platform\?/],
      [409, /may the user read this API\?/],
      [429, /a user of its own/],
      [500, /Qualys had a fault/],
    ];
    for (const [status, means] of expected) {
      const server = await statusServer(status);
      try {
        await toConfiguration(`Status ${status}`, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        await button('Test the sign-in').click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText('Failure: see what to do above.').waitFor();
        await dialog.getByText(means).first().waitFor();
        // A refusal is called one, though Qualys's own number for it says “internal error”.
        if (status === 403) await dialog.getByText('403 Forbidden: not allowed').first().waitFor();
        if (status < 500) expect(await dialog.textContent()).not.toContain('Qualys had a fault');
        await dialog.getByRole('button', { name: 'Show more' }).first().click();
        await dialog.getByText(new RegExp(`HTTP ${status}`)).waitFor();
        await page.keyboard.press('Escape');
        expect(await dialog.isVisible()).toBe(true);
        expect({ status, wrong: await violations(page) }).toEqual({ status, wrong: [] });
        await dialog.getByRole('button', { name: 'Close' }).last().click();
        await dialog.waitFor({ state: 'detached' });
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }
  });

  it('changes a connection by its fields, and what has no field as text', async () => {
    await open('/connections/branch-office?tab=settings');
    await page.getByRole('button', { name: 'Data sets and their options' }).click();
    const hosts = page.getByRole('region', { name: 'Host list', exact: true });
    expect(await hosts.getByRole('checkbox').isChecked()).toBe(true);
    const interval = { name: 'Interval of Host list' };
    await hosts.getByRole('combobox', interval).or(hosts.getByRole('textbox', interval)).click();
    await page.getByRole('option', { name: '4h', exact: true }).click();
    await hosts.getByRole('button', { name: /^Options/ }).click();
    await hosts.getByRole('textbox', { name: 'IPs' }).fill('10.0.0.0/8');
    await hosts.getByLabel('Tags include').fill('Production');
    await page.keyboard.press('Enter');
    const tickets = page.getByRole('region', { name: 'Remediation tickets', exact: true });
    await tickets.getByRole('checkbox').check();
    await page.getByLabel('Certificate authorities').fill('/etc/ssl/ca.pem');
    expect(await violations(page)).toEqual([]);
    await button('Save').click();
    await page.getByRole('alert').getByText('tls.ca is the certificate itself').waitFor();
    await page.getByLabel('Certificate authorities').fill('');
    await page.getByRole('button', { name: 'All of it as text' }).click();
    const text = page.getByRole('textbox', { name: 'Settings' });
    const written = JSON.parse(await text.inputValue()) as Record<string, unknown>;
    expect(written).toMatchObject({
      datasets: { host_list: { every: '4h', ips: '10.0.0.0/8', tags_include: ['Production'] }, tickets: {} },
    });
    expect(written).not.toHaveProperty('tls');
    await text.fill('{');
    expect(await button('Save').isDisabled()).toBe(true);
    await text.fill(JSON.stringify({ ...written, reserve: '10%' }));
    await button('Save').click();
    const settings = async () => {
      const answer = await page.request.get(new URL('/api/v1/connections/branch-office', served.url).href);
      return (await answer.json()) as { settings: unknown; secrets: string[]; version: number };
    };
    await until(async () => (await settings()).version === 2);
    expect(await settings()).toMatchObject({
      settings: { reserve: '10%', datasets: { host_list: { every: '4h' }, tickets: {} } },
      secrets: ['password'],
    });
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('asks by facets, text and builder, and keeps all of it in the address', async () => {
    await open('/explore/findings');
    const all = await counted('findings/count');
    await page.getByText(`${all.toLocaleString('en')} in all.`).waitFor();
    const urgent = await counted('findings/count?filter=severity%3D5');
    await page
      .getByRole('complementary', { name: 'Facets' })
      .getByRole('button', { name: /^5 Urgent/ })
      .click();
    await page.getByText(`${urgent.toLocaleString('en')} in all.`).waitFor();
    expect(decodeURIComponent(page.url())).toContain('filter=severity=5');
    await button('Builder').click();
    expect(await page.getByRole('textbox', { name: 'Value of condition 1' }).inputValue()).toBe('5');
    await page.getByRole('textbox', { name: 'Value of condition 1' }).fill('4');
    await button('Ask with these').click();
    await page.waitForURL(/severity(=|%3D)4/);
    await page.getByRole('textbox', { name: 'Query' }).fill('severity=4 or severity=5');
    await button('Ask').click();
    await page.getByText('it can only be changed as text', { exact: false }).waitFor();
    await page.getByRole('columnheader', { name: 'QID' }).getByRole('button').click();
    await page.waitForURL(/sort=-qid/);
    const before = await page.locator('tbody tr').nth(1).textContent();
    await page.reload();
    await settled(page);
    await page.locator('tbody tr').nth(1).waitFor();
    expect(await page.locator('tbody tr').nth(1).textContent()).toBe(before);
    await page.getByRole('textbox', { name: 'Query' }).fill('severty=4');
    await button('Ask').click();
    await page.getByRole('alert').first().waitFor();
    expect(await page.getByRole('alert').first().textContent()).toContain('severity');
  });

  it('takes rows with it: as many lines as rows, and only those that are chosen', async () => {
    await open('/explore/devices');
    await page.locator('tbody tr').nth(2).waitFor();
    const lines = async (item: string | RegExp): Promise<string[]> => {
      await button('Export').click();
      const coming = page.waitForEvent('download');
      await page.getByRole('menuitem', { name: item }).click();
      const chunks: Buffer[] = [];
      for await (const chunk of await (await coming).createReadStream()) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8').trim().split('\n');
    };
    expect(await lines('All rows as NDJSON')).toHaveLength(await counted('devices/count'));
    await page.getByRole('checkbox', { name: 'Choose row 1', exact: true }).check();
    await page.getByRole('checkbox', { name: 'Choose row 2', exact: true }).check();
    expect(await lines('2 chosen rows as CSV')).toHaveLength(3);
  });

  it('keeps a query under a name and opens it again', async () => {
    await open('/explore/devices?filter=open_critical%3E0&columns=name,os');
    await button('Saved').click();
    await page.getByRole('menuitem', { name: 'Save this query…' }).click();
    await page.getByLabel('Name').fill('Urgent ones');
    await button('Save').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await open('/explore/devices');
    await button('Saved').click();
    await page.getByRole('menuitem', { name: 'Urgent ones', exact: true }).click();
    await page.waitForURL(/open_critical/);
    await settled(page);
    expect(await page.getByRole('columnheader').allTextContents()).toEqual(['', 'Name', 'OS']);
  });

  it('removes nothing that somebody else has changed meanwhile, and says so', async () => {
    const { items } = await api<{ items: { id: string }[] }>('GET', '/saved-queries');
    const query = `/saved-queries/${items[0]!.id}`;
    await open('/explore/devices');
    await button('Saved').click();
    const removeUrgent = page.getByRole('menuitem', { name: 'Remove Urgent ones' });
    await removeUrgent.waitFor();
    await api('PATCH', query, { name: 'Most urgent' });
    await removeUrgent.click();
    await page.getByRole('alert').getByText('It has changed meanwhile').waitFor();
    expect(await violations(page)).toEqual([]);
    // What it is by now is shown, and goes.
    await button('Saved').click();
    await page.getByRole('menuitem', { name: 'Remove Most urgent' }).click();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await until(async () => (await api<{ status?: number }>('GET', query)).status === 404);

    const remove = async () => {
      await button('More for Branch office').click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('textbox').fill('branch-office');
    };
    await open('/connections');
    await remove();
    await api('PATCH', '/connections/branch-office', { notes: 'still needed' });
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('alert').getByText('It has changed meanwhile').waitFor();
    await page.getByText('still needed').waitFor();
    await remove();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('table', { name: 'Connections' }).getByText('branch-office').waitFor({ state: 'detached' });
    await until(async () => (await api<{ total: number }>('GET', '/connections')).total === 1);
  });

  it('resets a stream only for who types its name', async () => {
    await open('/connections/demo');
    await button('Actions for Results of vulnerability scans').click();
    expect(await page.getByRole('menuitem', { name: 'Back-fill…' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await button('Actions for User activity log').click();
    await page.getByRole('menuitem', { name: 'Back-fill…' }).waitFor();
    await page.keyboard.press('Escape');
    await button('Actions for Asset groups').click();
    await page.getByRole('menuitem', { name: 'Reset…' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: 'Reset' }).isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill('asset_groups');
    await dialog.getByRole('button', { name: 'Reset' }).click();
    await dialog.waitFor({ state: 'detached' });
    await open('/settings?tab=audit');
    await page.getByRole('cell', { name: 'stream.reset' }).waitFor();
  });

  it('[S54] shows events as they arrive', async () => {
    await open('/verify?dataset=ips');
    const rows = page.locator('tbody tr');
    await rows.first().waitFor();
    const before = await rows.count();
    await api('POST', '/connections/demo/streams/ips/reset', { confirm: 'ips' });
    await until(async () => (await rows.count()) > before);
    expect(await rows.first().textContent()).toContain('ips');
  });
});
