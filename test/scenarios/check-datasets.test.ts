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
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { code, of: (name: string) => checks.find(({ what }) => what === name), checks };
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
});
