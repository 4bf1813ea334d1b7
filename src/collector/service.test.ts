import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startRig } from '../../test/support/rig.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { presets } from '../datasets/presets.ts';
import { datasets } from '../datasets/registry.gen.ts';
import { sinks } from '../sinks/registry.gen.ts';
import type { Checked } from './check/check.ts';
import { createControls } from './controls.ts';
import { openOutbox } from './open-outbox.ts';
import { createRecent } from './recent.ts';
import { createService } from './service.ts';

it('[S40] [S44] one connection is tested at a time; it can be tested again, and a failure says what, why and what to do', async () => {
  const rig = await startRig({ hosts: 3, datasets: { host_list: {} } });
  const outbox = await openOutbox({ dataDir: join(rig.dir, 'data') }, Date.now());
  try {
    const config = loadConfig({ text: JSON.stringify(rig.config), env: {}, cwd: rig.dir, datasets, sinks, presets });
    const { service } = createService({
      ...{ outbox, version: 'test', clock: systemClock, controls: createControls(), logs: createRecent(0) },
      ...{ config: () => config, budgets: () => [], reload: async () => {}, reloadWorked: () => true },
    });
    const acme = config.connections.get('acme')!;
    const test = (): AsyncGenerator<Checked> => service.check(acme, new AbortController().signal);
    const rest = async (steps: AsyncGenerator<Checked>): Promise<Checked[]> => {
      const found: Checked[] = [];
      for await (const step of steps) found.push(step);
      return found;
    };

    const first = test();
    await first.next();
    expect(service.checking).toBe(true);
    await expect(test().next()).rejects.toMatchObject({ code: 'QRY6011' });
    expect((await rest(first)).every(({ outcome }) => outcome === 'ok')).toBe(true);
    expect(service.checking).toBe(false);

    rig.simulator.setFault('http-403-2012@/asset/host/');
    const failed = (await rest(test())).find(({ outcome }) => outcome === 'failed');
    expect(failed).toMatchObject({ what: 'host_list', error: { code: 'QRY2012' } });
    expect(failed?.error?.why).not.toBe('');
    expect(failed?.error?.fix).not.toBe('');
  } finally {
    await outbox.close();
    await rig.close();
  }
});
