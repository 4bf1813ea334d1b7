import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { datasets } from '../../src/datasets/registry.gen.ts';
import { cli, writeConfig } from '../support/cli.ts';
import { type Rig, startRig } from '../support/rig.ts';

/** `quarry check` over every data set: what a probe answers, and what a good status hides. */
let rig: Rig;
afterEach(() => rig.close());

interface Check {
  readonly what: string;
  readonly outcome: string;
  readonly about: string;
  readonly error?: { readonly code: string };
}

async function check(wanted: Record<string, object>, hosts = 12, fault?: string) {
  rig = await startRig({ hosts, datasets: wanted });
  await writeConfig(rig.dir, rig.config);
  if (fault !== undefined) rig.simulator.setFault(fault);
  const { code, stdout } = await cli(['check', '--json'], { cwd: rig.dir });
  const { checks, recipes } = JSON.parse(stdout) as { checks: Check[]; recipes: Record<string, string[]> };
  return { code, recipes, of: (name: string) => checks.find(({ what }) => what === name), checks };
}

describe('check', () => {
  it('[M19] every data set can be read, and the gateway is signed in to by token', async () => {
    const { code, checks, of } = await check(Object.fromEntries([...datasets.keys()].map((name) => [name, {}])));
    expect(checks.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect(of('sign-in (token)')).toMatchObject({ outcome: 'ok' });
    expect(checks.map(({ what }) => what)).toEqual(expect.arrayContaining([...datasets.keys()]));
  });

  it('[M19] a refusal of QPS with status 200 is a refusal', async () => {
    const { code, of } = await check({ tags: {}, host_list: {} }, 12, 'qps-no-permission');
    expect(of('tags')).toMatchObject({ outcome: 'failed', error: { code: 'QRY2012' } });
    expect(of('host_list')).toMatchObject({ outcome: 'ok' });
    expect(code).toBe(3);
  });

  it('why nothing: a filter that leaves nothing is named', async () => {
    const { of } = await check({ assets: { tags_include: ['No such tag'] } });
    expect(of('assets')).toMatchObject({ outcome: 'ok', about: expect.stringContaining('tags_include') });
  });

  it('[M4] [M6] [M19] says how to allow exactly what was refused', async () => {
    const { recipes } = await check({ tags: {}, host_assets: {}, host_list: {} }, 12, 'qps-no-permission');
    const text = recipes['acme']!.join('\n');
    expect(text).toMatch(/For host_assets, tags: in Administration > Role Management[^\n]+API Access/);
    expect(text).toContain('Allow user view access to all objects');
    expect(text).toMatch(/^host_assets: .*Read Asset/m);
    expect(text).not.toContain('host_list');
    expect((await check({ host_list: {} })).recipes).toEqual({});
  });

  it('[M24] a refusal by a firewall names the addresses to allow', async () => {
    rig = await startRig({ hosts: 3, datasets: { host_list: {} } });
    const wall = createServer(
      (_, answer) => void answer.writeHead(403).end('<html><body>Access blocked</body></html>'),
    );
    wall.listen(0, '127.0.0.1');
    await once(wall, 'listening');
    try {
      const { port } = wall.address() as { port: number };
      const connections = rig.config['connections'] as Record<string, object>;
      const more = { api_url: `http://127.0.0.1:${port}`, egress_addresses: ['198.51.100.7'] };
      connections['acme'] = { ...connections['acme'], ...more };
      await writeConfig(rig.dir, rig.config);
      const { stdout } = await cli(['check'], { cwd: rig.dir });
      expect(stdout).toMatch(/FAILED[\s\S]+comes from 198\.51\.100\.7/);
    } finally {
      wall.close();
    }
  });

  it('why nothing: the window is named when there are earlier records, and neither when there are none', async () => {
    const { of } = await check({ vm_scan_results: {}, tickets: {} }, 3);
    expect(of('vm_scan_results')?.about).toContain('(window)');
    const none = await check({ fim_incidents: { filter: "name:'nobody'" } }, 3);
    expect(none.of('fim_incidents')?.about).toMatch(/filter: filter|no filter of yours/);
  });
});
