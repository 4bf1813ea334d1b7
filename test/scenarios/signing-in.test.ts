import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { Call } from '../../src/core/dataset.ts';
import { type Format, rootOf } from '../../src/core/format.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Client, createClient } from '../../src/qualys/client.ts';
import type { Credentials } from '../../src/qualys/credentials.ts';
import { fetchAnswer } from '../../src/qualys/fetch-answer.ts';
import { createGovernor } from '../../src/qualys/governor.ts';
import { resolveAddress } from '../../src/qualys/platforms.ts';
import { createReader } from '../../src/qualys/reader.ts';
import { DEFAULT_CLIENT, type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import { startRig } from '../support/rig.ts';

const json = (records: string): Format => ({ kind: 'json', records, fields: [] });
const xml = (root: string, record: string): Format => ({
  kind: 'xml',
  root,
  record,
  lists: [],
  verbatim: [],
  fields: [],
});
const filter = (text: string) => ({ type: 'application/json', text }) as const;

/** One call of each of Qualys's three APIs. */
const CALLS: Record<'classic' | 'qps' | 'gateway', { call: Call; format: Format }> = {
  classic: {
    call: {
      api: 'asset/host',
      path: '/api/{version}/fo/asset/host/',
      versions: ['5.0'],
      method: 'GET',
      params: { action: 'list', truncation_limit: '3' },
    },
    format: xml('HOST_LIST_OUTPUT', 'RESPONSE/HOST_LIST/HOST'),
  },
  qps: {
    call: {
      api: 'am/tag',
      path: '/qps/rest/2.0/search/am/tag',
      method: 'POST',
      params: {},
      body: {
        type: 'text/xml',
        text: '<ServiceRequest><preferences><limitResults>3</limitResults></preferences></ServiceRequest>',
      },
    },
    format: xml('ServiceResponse', 'data/Tag'),
  },
  gateway: {
    call: {
      api: 'am/asset',
      server: 'gateway',
      path: '/rest/2.0/search/am/asset',
      method: 'POST',
      params: { pageSize: '3' },
      body: filter('{}'),
    },
    format: json('assetListData/asset'),
  },
};

let simulator: Simulator;
let clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await simulator.close();
});

async function start(
  credentials: (simulator: Simulator) => Credentials,
  options: Partial<SimulatorOptions> = {},
): Promise<Client> {
  simulator = await startSimulator({ hosts: 5, ...options });
  const client = createClient({
    address: resolveAddress({ api_url: simulator.url }),
    credentials: credentials(simulator),
    governor: createGovernor({ clock: systemClock }),
    clock: systemClock,
    userAgent: 'quarry/0.1.0',
  });
  clients.push(client);
  return client;
}

async function records(client: Client, name: keyof typeof CALLS, change: Partial<Call> = {}): Promise<number> {
  const { call, format } = CALLS[name];
  let count = 0;
  const reader = () => createReader(format, { record: () => void count++ });
  await fetchAnswer(client, { ...call, ...change }, reader, { expectRoot: rootOf(format) });
  return count;
}

const password = ({ username, password: word }: Simulator): Credentials => ({ username, password: new Secret(word) });
const client = { clientId: DEFAULT_CLIENT.clientId, clientSecret: new Secret(DEFAULT_CLIENT.clientSecret) };
const FIXED = 'openid.connect.token';

describe('[A12] every way in', () => {
  it.each<[string, (simulator: Simulator) => Credentials]>([
    ['[A45] a user name and password', password],
    ['[A46] a fixed OpenID token', () => ({ token: { kind: 'token', token: new Secret(FIXED) } })],
    ['a user client (/auth/oidc)', () => ({ token: { kind: 'oidc', ...client } })],
    ['a subscription client (/auth/oauth)', () => ({ token: { kind: 'oauth', ...client } })],
  ])('%s reads QPS and the gateway', async (_, credentials) => {
    const one = await start(credentials, { openIdToken: FIXED });
    expect(await records(one, 'qps')).toBe(3);
    expect(await records(one, 'gateway')).toBe(3);
  });

  it('[S29] a password with every kind of sign, in Basic and in the form', async () => {
    const users = [{ username: 'müller_1', password: 'pä&s=s+w%41 "ö"/:€', subscription: 's' }];
    const one = await start(() => ({ username: 'müller_1', password: new Secret(users[0]!.password) }), { users });
    expect(await records(one, 'classic')).toBe(3);
    expect(await records(one, 'gateway')).toBe(3);
  });

  it('[A45] [A46] the collector pulls a classic data set with the user’s password beside a client', async () => {
    const rig = await startRig({
      datasets: { host_list: {} },
      connection: { oauth: { client_id: DEFAULT_CLIENT.clientId, client_secret: DEFAULT_CLIENT.clientSecret } },
    });
    simulator = rig.simulator;
    try {
      const summary = await rig.run();
      expect(summary.stopped).toEqual(new Map());
      expect(await rig.lines('host_list')).toHaveLength(rig.truth('host_list').size);
    } finally {
      await rig.close();
      simulator = await startSimulator({ hosts: 1 });
    }
  });
});

/** A collector whose one connection has these credentials; `simulator` is closed with it. */
async function collect(wanted: Record<string, unknown>, credentials: Record<string, unknown>) {
  const rig = await startRig({ hosts: 8 });
  simulator = rig.simulator;
  rig.config['connections'] = { acme: { api_url: simulator.url, datasets: wanted, ...credentials } };
  const { stopped } = await rig.run();
  const lines = async (name: string) => (await rig.lines(name)).map(({ key }) => key[0]).toSorted();
  return { rig, stopped: [...stopped].map(([name, error]) => [name, error.code, error.fix]), lines };
}

it('a connection with tokens alone: what takes them is collected, what takes Basic alone says what it needs', async () => {
  const oidc = { client_id: DEFAULT_CLIENT.clientId, client_secret: DEFAULT_CLIENT.clientSecret };
  const { rig, stopped, lines } = await collect({ assets: {}, tickets: {} }, { oidc });
  try {
    expect(stopped).toEqual([['acme/tickets', 'QRY2013', expect.stringContaining('Add username and password')]]);
    expect(await lines('assets')).toEqual([...rig.truth('assets')].toSorted());
    expect(await lines('assets')).not.toEqual([]);
  } finally {
    await rig.close();
  }
});

describe('what goes wrong', () => {
  it('[fault 33] [F14, F26, F51] a token that ends in mid-pull: one more is got, and the call goes again', async () => {
    const one = await start(password);
    expect(await records(one, 'gateway')).toBe(3);
    simulator.setFault('token-expired*1');
    expect(await records(one, 'gateway')).toBe(3);
    expect(await records(one, 'gateway')).toBe(3);
  });

  it('an error in a token’s place is a refusal and is never sent as a token', async () => {
    const one = await start(password, { faults: ['error-as-token'] });
    await expect(records(one, 'gateway')).rejects.toMatchObject({ code: 'QRY2010' });
    simulator.clearFaults();
    await expect(records(one, 'gateway')).rejects.toMatchObject({ code: 'QRY2010' });
  });

  it('[fault 35] a wrong password: many streams, one try, no lock', async () => {
    const one = await start(({ username }) => ({ username, password: new Secret('wrong') }), { lockAfter: 2 });
    const names = ['gateway', 'classic', 'qps', 'gateway', 'classic', 'qps'] as const;
    const results = await Promise.allSettled(names.map((name) => records(one, name)));
    expect(results).toMatchObject(names.map(() => ({ reason: { code: 'QRY2010' } })));
    expect(simulator.counters()).toMatchObject({ wrongSignIns: { [simulator.username]: 1 }, locked: [] });
  });

  it('[fault 35] two connections with one user and a wrong password: one try', async () => {
    const rig = await startRig({ hosts: 3, lockAfter: 2 });
    simulator = rig.simulator;
    const { url: api_url, username } = simulator;
    const acme = { api_url, username, password: 'wrong', tenant: 'acme', datasets: { host_list: {}, assets: {} } };
    rig.config['connections'] = { changes: acme, everything: acme };
    try {
      const { stopped } = await rig.run();
      expect([...stopped.values()].map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'QRY2010'));
      expect(simulator.counters()).toMatchObject({ wrongSignIns: { [username]: 1 }, locked: [] });
    } finally {
      await rig.close();
    }
  });

  it('nothing matches: 204 ends the data', async () => {
    const one = await start(password);
    const body = filter('{"filters":[{"field":"asset.name","operator":"EQUALS","value":"no such host"}]}');
    expect(await records(one, 'gateway', { body })).toBe(0);
  });

  it('[fault 37] the gateway’s limit is foretold by its headers: waited for, never met', async () => {
    const one = await start(password, { limits: { limit: 2, windowSec: 3600, concurrency: 2 } });
    await records(one, 'gateway');
    await records(one, 'gateway');
    const stop = new AbortController();
    const waiting = one.open(CALLS.gateway.call, stop.signal);
    await systemClock.sleep(50);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(simulator.counters().refused).toEqual({});
  });
});
