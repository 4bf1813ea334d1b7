import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { until } from './cli.ts';

/** The browser tests are made of: Debian's, or another by QUARRY_CHROMIUM. */
const CHROMIUM = [process.env['QUARRY_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path !== undefined && existsSync(path),
);
export const hasChromium = CHROMIUM !== undefined;
export const NO_CHROMIUM = 'chromium is not installed';

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM!, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

export interface Watched {
  readonly page: Page;
  /** What the console complained of and what was refused, since it was last asked. */
  complaints(): string[];
}

/** A page of its own session, whose complaints are kept. */
export async function watchedPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  // A busy machine is slow, not wrong: what never comes is ended by the time of the test.
  page.setDefaultTimeout(120_000);
  const said: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(error.stack ?? error.message));
  page.on('response', (response) => {
    if (response.status() >= 400) said.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  return { page, complaints: () => said.splice(0) };
}

/** Skeletons are gone: everything that was asked for has come. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await until(async () => (await page.getByLabel('Loading').count()) === 0);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe-core finds wrong by WCAG 2.2, levels A and AA: `rule: element, why`. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const run = `axe.run(document, { runOnly: ${JSON.stringify(WCAG)} }).then(({ violations }) => violations)`;
  const found = await page.evaluate<Violation[]>(run);
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
  );
}
