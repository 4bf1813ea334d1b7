import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTRY_LIMIT, entrySize } from '../../scripts/support/web-page.ts';
import {
  hasChromium,
  NO_CHROMIUM,
  settled,
  startBrowser,
  violations,
  type Watched,
  watchedPage,
} from '../support/browser.ts';
import { until, writeConfig } from '../support/cli.ts';
import { scaled } from '../support/scale.ts';
import { skipUnless } from '../support/skip.ts';
import { type ServedPage, servePage } from '../support/web-demo.ts';

/** QUARRY_SCREENSHOTS=1 writes the pictures of the guide anew. */
const IMAGES = resolve(import.meta.dirname, '../../docs/guide/images');
const SCREENSHOTS = process.env['QUARRY_SCREENSHOTS'] === '1';
const SLOW = 240_000;

const VIEWS = ['devices', 'findings', 'vulnerabilities', 'exposures', 'software', 'users', 'roles', 'tickets'];
const MORE_VIEWS = ['saas_applications', 'certificates', 'webapps', 'webapp_findings', 'compliance', 'fim_events'];
const PAGES: readonly (readonly [name: string, path: string])[] = [
  ['overview', '/'],
  ['connections', '/connections'],
  ['connection', '/connections/demo'],
  ...['pulls', 'aside', 'logs', 'cost', 'settings'].map(
    (tab) => [`connection-${tab}`, `/connections/demo?tab=${tab}`] as const,
  ),
  ['wizard', '/connections/new'],
  ['sinks', '/sinks'],
  ['verify', '/verify'],
  ['activity', '/verify?dataset=user_activity'],
  ['pictures', '/pictures'],
  ...['users', 'tokens', 'audit', 'config'].map((tab) => [`settings-${tab}`, `/settings?tab=${tab}`] as const),
  ...[...VIEWS, ...MORE_VIEWS].map((view) => [`explore-${view}`, `/explore/${view}`] as const),
];

const IN_THE_DARK = [
  '/',
  '/explore/findings',
  '/pictures',
  '/connections/new',
  '/connections/demo',
  '/verify',
  '/sinks',
];
const NARROW = ['/', '/connections/demo', '/connections/new', '/explore/findings', '/sinks', '/settings?tab=config'];

describe('the page', skipUnless(hasChromium, NO_CHROMIUM), () => {
  let browser: Browser;
  let served: ServedPage;
  let watched: Watched;
  let page: Page;
  const open = async (path: string): Promise<void> => {
    // From nowhere: while a page's code is loaded, the one before it still stands there, settled.
    await page.goto('about:blank');
    await page.goto(`${served.url}#${path}`);
    await settled(page);
  };

  beforeAll(async () => {
    served = await servePage(['demo', '--hosts', '30', '--data-dir', 'demo', '--listen', '127.0.0.1:0']);
    browser = await startBrowser();
    watched = await watchedPage(browser);
    page = watched.page;
  }, SLOW);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  it('begins with few scripts', () => {
    expect(entrySize()).toBeGreaterThan(50_000);
    expect(entrySize()).toBeLessThanOrEqual(ENTRY_LIMIT);
  });

  it('signs in by the link of the demo, once', async () => {
    await page.goto(served.link);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await settled(page);
    expect(watched.complaints()).toEqual([]);
    const other = await watchedPage(browser);
    await other.page.goto(served.link);
    await other.page.getByRole('alert').waitFor();
    expect(await other.page.getByRole('alert').textContent()).toContain('QRY8008');
    await other.page.getByRole('button', { name: 'To the sign-in' }).click();
    await other.page.getByLabel('Login').waitFor();
    expect(await violations(other.page)).toEqual([]);
    await other.page.context().close();
    await until(async () => {
      const counted = await page.request.get(new URL('/api/v1/inventory/findings/count', served.url).href);
      return ((await counted.json()) as { count: number }).count > 100;
    });
  });

  for (const [name, path] of PAGES)
    it(`shows ${path} without a complaint, by WCAG AA`, async () => {
      await open(path);
      expect(await violations(page)).toEqual([]);
      expect(watched.complaints()).toEqual([]);
      if (SCREENSHOTS) {
        mkdirSync(IMAGES, { recursive: true });
        await page.screenshot({ path: join(IMAGES, `${name}.jpg`), type: 'jpeg', quality: 50, animations: 'disabled' });
      }
    });

  it('shows an asset with its tabs, and a vulnerability with where it was found', async () => {
    await open('/explore/devices');
    await page.locator('tbody a').first().click();
    await page.getByRole('tab', { name: 'Facts' }).waitFor();
    for (const tab of await page.getByRole('tab').allTextContents()) {
      await page.getByRole('tab', { name: tab, exact: true }).click();
      await settled(page);
      expect({ tab, wrong: await violations(page), said: watched.complaints() }).toEqual({ tab, wrong: [], said: [] });
    }
    // What each source said of it, one at a time.
    await page.getByRole('tab', { name: 'Raw per source' }).click();
    for (const [source, holds] of [
      ['Host list', '"TRACKING_METHOD"'],
      ['Host list detection', '"QID"'],
      ['Global asset inventory', '"assetId"'],
    ] as const) {
      await page.getByRole('radiogroup', { name: 'Source' }).getByText(source, { exact: true }).click();
      const record = page.getByRole('region', { name: /^Record of/ });
      await until(async () => ((await record.textContent()) ?? '').includes(holds));
    }
    if (SCREENSHOTS) await page.screenshot({ path: join(IMAGES, 'asset.jpg'), type: 'jpeg', quality: 50 });
    await page.getByRole('tab', { name: 'Vulnerabilities' }).click();
    await page.locator('tbody a').first().click();
    await page.getByRole('heading', { name: 'Found on' }).waitFor();
    await settled(page);
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(1);
    expect({ wrong: await violations(page), said: watched.complaints() }).toEqual({ wrong: [], said: [] });
  });

  it('is readable in the dark', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of IN_THE_DARK.slice(0, scaled('pages in the dark', { quick: 4, full: IN_THE_DARK.length }))) {
      await open(path);
      expect({ path, wrong: await violations(page) }).toEqual({ path, wrong: [] });
    }
    if (SCREENSHOTS) {
      await open('/explore/findings');
      await page.screenshot({ path: join(IMAGES, 'dark.jpg'), type: 'jpeg', quality: 50 });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('fits a telephone: nothing but tables is moved sideways', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of NARROW.slice(0, scaled('pages on a telephone', { quick: 4, full: NARROW.length }))) {
      await open(path);
      const over = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect({ path, over, wrong: await violations(page) }).toEqual({ path, over: 0, wrong: [] });
    }
    await open('/explore/findings');
    await page.getByRole('button', { name: 'Narrow down by facets' }).click();
    await page.getByRole('complementary', { name: 'Facets' }).waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('is walked by keys', async () => {
    await open('/');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.getByRole('heading', { name: 'Assets' }).waitFor();
    await settled(page);
    await page.keyboard.press('/');
    await page.keyboard.type('os:windows');
    await page.keyboard.press('Enter');
    await page.waitForURL(/filter=os/);
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' });
    // From the top: the way past the navigation, and what it leads to.
    await open('/connections');
    await page.reload();
    await settled(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Skip to the page');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement?.id')).toBe('main');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('Add a connection');
  });

  it('gives what it has in the same rows as a mark of a picture counts', async () => {
    await open('/pictures');
    const panel = page.getByRole('region', { name: 'Age of what is open' });
    await panel.getByRole('button', { name: /as a table/ }).click();
    const rows = await panel.locator('tbody tr').allTextContents();
    const cells = await panel.locator('tbody tr').last().locator('td').allTextContents();
    expect(rows).toHaveLength(5);
    await panel.getByRole('button', { name: /as a picture/ }).click();
    // The tallest bar of the highest severity is the last class: all that is older than half a year.
    const bar = panel.locator('path[fill="#d02f2f"]').last();
    const marks = await panel.locator('path[fill="#d02f2f"]').all();
    const boxes = await Promise.all(marks.map(async (mark) => ({ mark, box: await mark.boundingBox() })));
    const tallest = boxes.toSorted((a, b) => (b.box?.height ?? 0) - (a.box?.height ?? 0))[0]?.mark ?? bar;
    await tallest.click();
    await page.getByRole('heading', { name: 'Vulnerabilities by detection' }).waitFor();
    await settled(page);
    await page.getByText(`${cells.at(-1)} in all.`).waitFor();
    expect(decodeURIComponent(page.url())).toContain('age_days>=180');
  });
});

describe('the page before anybody is there', skipUnless(hasChromium, NO_CHROMIUM), () => {
  it('makes the first administrator, who is told what to do first, signs out and in', async () => {
    const served = await servePage(['run', '--log-format', 'json'], (dir) =>
      writeConfig(dir, { data_dir: './data', server: { listen: '127.0.0.1:0' }, connections: {} }),
    );
    const browser = await startBrowser();
    try {
      const { page } = await watchedPage(browser);
      await page.goto(served.link);
      await page.getByRole('heading', { name: 'The first administrator' }).waitFor();
      expect(await violations(page)).toEqual([]);
      const password = page.getByRole('textbox', { name: 'Password' });
      await password.fill('short');
      await page.getByRole('button', { name: 'Begin' }).click();
      await page.getByRole('alert').waitFor();
      await password.fill('a long pass phrase');
      await page.getByRole('button', { name: 'Begin' }).click();
      await page.getByText('Nothing is collected yet').waitFor();
      await page.getByRole('button', { name: 'admin' }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.getByLabel('Login').fill('admin');
      await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByRole('textbox', { name: 'Password' }).fill('a long pass phrase');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.getByText('Add a connection').waitFor();
      expect(page.url()).toBe(`${served.url}#/`);
    } finally {
      await browser.close();
      await served.close();
    }
  });
});
