import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/index.ts';
import { hasChromium, NO_CHROMIUM, settled, startBrowser, violations, watchedPage } from '../support/browser.ts';
import { until, writeConfig } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { CLIENT, type RunningProvider, startProvider } from '../support/identity-provider.ts';
import { skipUnless } from '../support/skip.ts';
import { type ServedPage, servePage } from '../support/web-demo.ts';

const SLOW = 240_000;
type Simulator = Awaited<ReturnType<typeof startSimulator>>;

/** A webhook that takes everything but one event, the first it is sent, as long as it is told to refuse it. */
interface Receiver {
  readonly url: string;
  readonly taken: string[];
  refuses: boolean;
  /** The id of that event. */
  first: string | undefined;
  stop(): void;
}

async function startReceiver(): Promise<Receiver> {
  const taken: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { id } = JSON.parse(text) as { id: string };
      receiver.first ??= id;
      const isRefused = receiver.refuses && id === receiver.first;
      if (!isRefused) taken.push(text);
      response.writeHead(isRefused ? 422 : 200).end(isRefused ? 'no such field here' : '');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, taken },
    ...{ refuses: true, first: undefined },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}

describe('operating through the page', skipUnless(hasChromium, NO_CHROMIUM), () => {
  let browser: Browser;
  let served: ServedPage;
  let simulator: Simulator;
  let receiver: Receiver;
  let provider: RunningProvider;
  let page: Page;
  let complaints: () => string[];
  const open = async (path: string): Promise<void> => {
    await page.goto(`${served.url}#${path}`);
    await settled(page);
  };
  const read = async <T>(path: string): Promise<T> =>
    (await (await page.request.get(new URL(`/api/v1${path}`, served.url).href)).json()) as T;

  beforeAll(async () => {
    const [port, providerPort] = [await freePort(), await freePort()];
    const callback = `http://127.0.0.1:${port}/api/v1/session/oidc/callback`;
    simulator = await startSimulator({ hosts: 60, seed: 1, limits: 'off', frozen: true });
    receiver = await startReceiver();
    provider = await startProvider(providerPort, callback, true);
    provider.who = { sub: 'u-1', preferred_username: 'ada', name: 'Ada L.', groups: ['soc'] };
    const { url: api_url, username, password } = simulator;
    served = await servePage(['run', '--log-format', 'json'], (dir) =>
      writeConfig(dir, {
        data_dir: './data',
        server: {
          listen: `127.0.0.1:${port}`,
          oidc: {
            ...{ issuer: provider.issuer, ...CLIENT, title: 'Acme', allow_insecure: true },
            roles: [{ group: 'soc', role: 'admin', tenants: '*' }],
          },
        },
        connections: {
          acme: {
            ...{ api_url, username, password: password.replaceAll('$', '$$$$') },
            datasets: { host_list: { every: '1d', sweep: { full: '1d' } } },
          },
        },
        sinks: { hook: { type: 'http', url: receiver.url, body: 'single' } },
      }),
    );
    browser = await startBrowser();
    ({ page, complaints } = await watchedPage(browser));
  }, SLOW);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    await provider?.stop();
    receiver?.stop();
    await simulator?.close();
  });

  it('signs in by the button of the identity provider, and says what it says when somebody has no group', async () => {
    await page.goto(served.url);
    await page.getByRole('link', { name: 'Sign in with Acme' }).waitFor();
    expect(await violations(page)).toEqual([]);
    const ada = provider.who;
    provider.who = { ...ada, groups: [] };
    await page.getByRole('link', { name: 'Sign in with Acme' }).click();
    await page.getByRole('heading', { name: 'None of your groups may use Quarry' }).waitFor();
    provider.who = ada;
    await page.getByRole('link', { name: 'Back to the sign-in page' }).click();
    await page.getByRole('link', { name: 'Sign in with Acme' }).waitFor();
    complaints();
    await page.getByRole('link', { name: 'Sign in with Acme' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await settled(page);
    await page.getByRole('button', { name: 'ada' }).click();
    await page.getByText('Signed in as admin').waitFor();
    await page.keyboard.press('Escape');
    expect(complaints()).toEqual([]);
  });

  it('shows why an event is parked, with the event, and sends it again when the receiver is mended', async () => {
    const parked = async () => (await read<{ total: number }>('/outbox/parked')).total;
    await until(async () => receiver.taken.length >= 59 && (await parked()) === 1);
    await open('/sinks');
    const row = page.getByRole('table', { name: 'Parked events' }).locator('tbody tr');
    expect(await row.textContent()).toMatch(/hook.*host_list.*answered 422: no such field here/);
    await page.getByText('1 in all.').waitFor();
    await row.getByRole('button', { name: /^Show/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Refused by hook' });
    await dialog.getByRole('region', { name: 'The event' }).waitFor();
    const first = String(receiver.first);
    expect(await dialog.getByRole('region', { name: 'The event' }).textContent()).toContain(`"id": "${first}"`);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(receiver.taken.filter((text) => text.includes(first))).toEqual([]);
    receiver.refuses = false;
    await row.getByRole('button', { name: /^Send again/ }).click();
    await page.getByText('Nothing is parked').waitFor();
    await until(() => receiver.taken.some((text) => text.includes(first)));
    expect(receiver.taken.filter((text) => text.includes(first))).toHaveLength(1);
    expect(complaints()).toEqual([]);
  });

  it('says how complete a data set is, and against what', async () => {
    await open('/connections/acme');
    const cell = page.getByRole('table', { name: 'Streams' }).getByRole('cell', { name: '60 of 60' });
    await cell.waitFor();
    expect(await cell.textContent()).toMatch(/^60 of 60against Qualys’s list of ids, /);
    await open('/');
    await page.getByRole('heading', { name: 'Next pulls' }).waitFor();
    expect(await page.getByText('Not everything is here').count()).toBe(0);
    expect(complaints()).toEqual([]);
  });

  it('shows a held sweep with what it would remove, and removes it for who confirms', { timeout: SLOW }, async () => {
    // At the same address there is suddenly a subscription with three hosts.
    const port = Number(new URL(simulator.url).port);
    await simulator.close();
    simulator = await startSimulator({ hosts: 3, seed: 1, limits: 'off', frozen: true, port });
    await open('/connections/acme');
    await page.getByRole('button', { name: /^Actions for/ }).click();
    await page.getByRole('menuitem', { name: 'Read everything again' }).click();
    await page.getByText(/A full reading missed \d+ of 60: see Set aside/).waitFor();
    const lacks = /60 of 60, a reading that lacks \d+ is held/;
    await page.getByRole('cell', { name: lacks }).waitFor();
    await open('/');
    const alert = page.getByRole('alert', { name: 'Not everything is here' });
    expect(await alert.getByRole('listitem').textContent()).toMatch(/^Host list of acme: 60 of 60, .* is held$/);
    expect(await violations(page)).toEqual([]);
    await alert.getByRole('link', { name: 'acme' }).click();
    await page.getByRole('tab', { name: 'Set aside' }).click();
    const row = page.getByRole('table', { name: 'Held full readings' }).locator('tbody tr');
    await row.waitFor();
    const [sweep] = (await read<{ items: { absent: number }[] }>('/sweeps/held')).items;
    const absent = sweep!.absent;
    expect(absent).toBeGreaterThan(50);
    expect(await row.textContent()).toMatch(new RegExp(`host_list${absent} of 60`));
    const known = async () =>
      (await read<{ items: { known_keys: number }[] }>('/connections/acme/streams')).items[0]!.known_keys;
    await row.getByRole('button', { name: 'Remove them… of host_list' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`The full reading missed ${absent} of 60.`, { exact: false }).waitFor();
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await known()).toBe(60);
    await row.getByRole('button', { name: 'Remove them… of host_list' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove them' }).click();
    await page.getByText('No full reading is held').waitFor();
    expect(await known()).toBe(60 - absent);
    await until(() => receiver.taken.filter((text) => text.includes('"change":"removed"')).length === absent);
    expect(complaints()).toEqual([]);
  });
});
