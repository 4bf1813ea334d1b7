import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cli, type Exited, startCli, writeConfig } from '../support/cli.ts';
import { startRig } from '../support/rig.ts';

/** An unusual password, so that a hit is a leak and nothing else; with characters every encoding changes. */
const USER = 'canary_user';
const PASSWORD = 'Canary&7%+/"<Ünïcode> pässwörd';
const PROXY = 'Proxy&Canary 99%';

function forms(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams({ x: secret }).toString().slice(2),
    base64,
    bytes.toString('base64url'),
    bytes.toString('hex'),
    Buffer.from(`${USER}:${secret}`, 'utf8').toString('base64').replace(/=+$/, ''),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  ];
}

async function everythingUnder(folder: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'quarry.yaml') continue;
    const path = join(entry.parentPath, entry.name);
    found.set(path, await readFile(path));
  }
  return found;
}

it('[fault 91] no password in anything that is written, said or kept, on paths that fail as on those that work', async () => {
  const rig = await startRig({
    hosts: 6,
    users: [{ username: USER, password: PASSWORD }],
    datasets: { host_list: { page_size: 2, every: '1h' }, host_list_detection: { page_size: 2, every: '1h' } },
  });
  try {
    const said: [string, Exited][] = [];
    let runs = 0;
    // Every other time in the other form of log lines.
    const env = (): Record<string, string> => ({
      QUARRY_LOG_FORMAT: ++runs % 2 === 0 ? 'pretty' : 'json',
      QUARRY_DEBUG: '1',
    });
    const say = async (what: string, config: Record<string, unknown>, ...args: string[]): Promise<void> => {
      await writeConfig(rig.dir, config);
      said.push([what, await cli(args, { cwd: rig.dir, env: env() })]);
    };
    /** For what would be tried again and again. */
    const sayUntil = async (text: string, config: Record<string, unknown>, ...args: string[]): Promise<void> => {
      await writeConfig(rig.dir, config);
      const running = startCli(args, { cwd: rig.dir, env: env() });
      await running.said(text);
      running.child.kill('SIGINT');
      said.push([text, await running.exited]);
    };
    const good = rig.config;
    const acme = (good['connections'] as Record<string, Record<string, unknown>>)['acme']!;
    const changed = (more: Record<string, unknown>): Record<string, unknown> => ({
      ...good,
      connections: { acme: { ...acme, ...more } },
    });
    const run = ['run', '--once', '--no-server', '--timeout', '1s'];

    await say('a run', good, ...run);
    await say('another run', good, ...run, '--sweep');
    rig.simulator.setFault('bare-amp*3@/vm/detection/');
    rig.simulator.setFault('http-403-2012@/asset/host/');
    await say('refused and malformed', good, ...run, '--sweep');
    rig.simulator.clearFaults();
    rig.simulator.setFault('redirect-other-host');
    await say('a redirect', good, ...run);
    rig.simulator.clearFaults();
    rig.simulator.setFault('http-401');
    await say('401', good, ...run);
    rig.simulator.clearFaults();
    rig.simulator.setFault('http-503-1999-html*1');
    await say('one-shot', good, 'pull', 'host_list', '--limit', '2');
    rig.simulator.clearFaults();
    await say('nobody there', changed({ api_url: 'http://127.0.0.1:9' }), 'validate');
    await sayUntil(
      'QRY2051',
      changed({ proxy: { url: rig.simulator.url, username: 'p', password: PROXY } }),
      ...run,
      '--only',
      'host_list',
    );
    await say('a wrong key', changed({ pasword: PASSWORD }), ...run);
    await say('a password of the wrong kind', changed({ password: [PASSWORD] }), 'validate', '--offline');
    await say(
      'a password inside an address',
      changed({ api_url: `https://${USER}:${encodeURIComponent(PASSWORD)}@qualys.example.com` }),
      'validate',
    );
    for (const args of [
      ['state', 'list', '--json'],
      ['state', 'show', 'acme/host_list', '--json'],
      ['outbox', 'status', '--json'],
      ['validate', '--json'],
    ])
      await say(args.join(' '), good, ...args);

    expect(said.map(([, { code }]) => code)).toContain(4);
    expect(said.map(([, { code }]) => code)).toContain(78);
    const written = await everythingUnder(rig.dir);
    expect([...written.keys()].some((path) => path.endsWith('quarry.db'))).toBe(true);
    const places = [
      ...said.flatMap(([what, { stdout, stderr }]) => [
        [`${what}: stdout`, Buffer.from(stdout)] as const,
        [`${what}: stderr`, Buffer.from(stderr)] as const,
      ]),
      ...written,
    ];
    const hits = [PASSWORD, PROXY].flatMap((secret) =>
      forms(secret).flatMap((form) =>
        places.filter(([, bytes]) => bytes.includes(form)).map(([place]) => `${place} holds ${form}`),
      ),
    );
    // The search itself works: the user name is no secret and is kept.
    expect(places.filter(([, bytes]) => bytes.includes(USER)).length).toBeGreaterThan(0);
    expect(hits).toEqual([]);
  } finally {
    await rig.close();
  }
});
