import { describe, expect, it } from 'vitest';
import { acme, problems } from '../../test/support/config-parts.ts';

const filtered = (filter: string) =>
  `${acme()}\nsinks: { s: { type: stdout } }\nroutes: [{ sinks: [s], exclude: [${filter}] }]`;

describe('problems', () => {
  it('[promise 11] [D21] all are told at once, in the order of the file, with position, expectation and suggestion', () => {
    const text = `
conections: {}
connections:
  eu:
    platfrom: US1
    username: joe
    pasword: x
    datasets:
      hosts: { every: 15, results: ful, statuses: x }
      host: {}
      fim_events: { deep: { err: true } }
  b:
    platform: US1
    api_url: x.example
    token: "\${NOPE}"
    tls: { ca: 3 }
sinks:
  a: { type: fil, path: x }
  c: { type: file, rotate: many, format: esc, tenants: [uk] }
routes:
  - { sinks: [d], datasets: [fim_event], resend: now }
server: 8480
`;
    expect(problems(text)).toMatchInlineSnapshot(`
      [
        "configuration:2:1  conections: unknown key; did you mean "connections"?",
        "configuration:4:3  connections.eu: expected platform (US1, EU2 …) or api_url",
        "configuration:5:5  connections.eu.platfrom: unknown key; did you mean "platform"?",
        "configuration:6:5  connections.eu.username: expected a password beside username",
        "configuration:7:5  connections.eu.pasword: unknown key; did you mean "password"?",
        "configuration:9:16  connections.eu.datasets.hosts.every: expected a duration longer than zero, such as 15m, 1d or 1h30m",
        "configuration:9:27  connections.eu.datasets.hosts.results: expected "full" or "none" or a number; did you mean "full"?",
        "configuration:9:41  connections.eu.datasets.hosts.statuses: unknown key; known here: tags_include, severities, results, enabled, every, cron, time_zone, sweep, start_time_in_utc, start_time_utc, page_size, obfuscate",
        "configuration:10:7  connections.eu.datasets.host: unknown key; did you mean "hosts"?",
        "configuration:11:21  connections.eu.datasets.fim_events.deep.er: required; expected true or false",
        "configuration:11:29  connections.eu.datasets.fim_events.deep.err: unknown key; did you mean "er"?",
        "configuration:14:5  connections.b.api_url: platform and api_url exclude each other; keep one",
        "configuration:15:5  connections.b.token: the environment variable NOPE is not set; set it or give a default: \${NOPE:-…}",
        "configuration:18:3  sinks.a: with several tenants every sink names those it serves; add tenants: [eu, b] or fewer",
        "configuration:18:8  sinks.a.type: not known; did you mean "file"?",
        "configuration:19:3  sinks.c.path: required; expected a text",
        "configuration:19:20  sinks.c.rotate: expected a number, got a text",
        "configuration:19:34  sinks.c.format: not known; did you mean "ecs"?",
        "configuration:19:57  sinks.c.tenants[0]: no tenant of this name; there is eu, b",
        "configuration:21:15  routes[0].sinks[0]: no sink of this name; did you mean "a"?",
        "configuration:21:30  routes[0].datasets[0]: not known; did you mean "fim_events"?",
        "configuration:21:42  routes[0].resend: expected "never" or "each_sweep" or a duration longer than zero, such as 15m, 1d or 1h30m",
        "configuration:22:1  server: expected false or keys and values",
      ]
    `);
  });

  it.each([
    [
      'a: b: c',
      'configuration:1:4  a mapping on one line with its key; begin a new line, or put a value with a colon in quotes',
    ],
    ['a:\n\tb: 1', 'configuration:2:1  a tab as indentation; use spaces'],
    [
      'a: [1, 2',
      'configuration:1:9  the indentation does not fit the lines above, or a bracket or quote is not closed',
    ],
    ['a: *b', 'configuration:1:1  a: an alias (*name) without its anchor (&name), or inside it'],
    ['a: !secret b', 'configuration:1:4  a tag (!name) that is not known here'],
    ['a: 1\n---\nb: 2', 'configuration:2:1  a second document (---) in one file'],
    [
      'a: { b: ${C} }',
      'configuration:1:10  something is here that does not belong here; inside { } or [ ] put ${…} in quotes',
    ],
  ])('syntax: %j', (text, problem) => {
    expect(problems(text)[0]).toBe(problem);
  });

  it.each([
    ['', 'configuration  expected keys and values, got nothing'],
    ['- a', 'configuration  expected keys and values, got a list'],
    ['connections: {}', 'configuration:1:1  connections: expected at least one connection'],
    [acme('username: x'), 'configuration:6:5  connections.acme.username: the key stands here twice'],
    [acme('<<: {}'), 'configuration:6:5  connections.acme.<<: the key << is not supported'],
    [acme('__proto__: {}'), 'configuration:6:5  connections.acme.__proto__: the key __proto__ is not supported'],
    [acme('constructor: 1'), expect.stringContaining('connections.acme.constructor: unknown key')],
    [
      acme('token: x', 'oidc: { client_id: i, client_secret: s }'),
      'configuration:7:5  connections.acme.oidc: token and oidc exclude each other; keep one source of tokens',
    ],
    [
      acme('identity_provider: { token_url: "https://x/y", client_id: i, username: u }'),
      'configuration:6:66  connections.acme.identity_provider.username: expected a password beside username',
    ],
    [
      acme('token: "Bearer x"'),
      'configuration:6:5  connections.acme.token: expected letters, digits and signs without blanks',
    ],
    [
      acme('datasets: [hosts, hosts]'),
      'configuration:6:23  connections.acme.datasets[1]: the data set hosts stands here twice',
    ],
    [
      acme('datasets: { fim_events: , fim_alerts: }'),
      'configuration:6:31  connections.acme.datasets.fim_alerts: the data set fim_events stands here twice',
    ],
    [
      acme('datasets: { hosts: { every: 0s } }'),
      expect.stringContaining('hosts.every: expected a duration longer than zero'),
    ],
    [
      acme('datasets: { hosts: { start_time_in_utc: -7d } }'),
      expect.stringContaining('start_time_in_utc: expected a date or a time in UTC'),
    ],
    [
      acme('tls: { ca: ./absent.pem }'),
      'configuration:6:12  connections.acme.tls.ca: the file cannot be read: it does not exist',
    ],
    [`${acme()}\nsinks: { x: { path: y } }`, 'configuration:6:10  sinks.x.type: required; expected "file" or "stdout"'],
    [`${acme()}\nroutes: [{ sinks: [] }]`, 'configuration:6:12  routes[0].sinks: expected at least 1 item'],
    [filtered('{ field: A, op: in, value: 3 }'), expect.stringContaining('exclude[0].value: expected a list for in')],
    [filtered('{ field: A, op: lt }'), expect.stringContaining('exclude[0]: expected a value for lt')],
    [filtered('{ field: A, op: matches, value: "(" }'), expect.stringContaining('expected a regular expression')],
  ])('%j', (text, problem) => {
    expect(problems(text)).toContainEqual(problem);
  });

  it('aliases that multiply stop at a budget', () => {
    const lines = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `l${i}: &l${i} [${Array(10)
          .fill(`*l${i - 1}`)
          .join(', ')}]`,
      );
    expect(problems(lines.join('\n')).join('\n')).toContain('the aliases of this file repeat too much');
  });

  it('an alias inside its own anchor ends', () => {
    expect(problems('a: &a { b: *a }').join('\n')).toContain('an alias (*name)');
  });

  it('[promise 12] never show a value: it may be a password', () => {
    const texts = [
      acme('password: canary-1', 'canary: [').replace('US1', 'canary-2'),
      acme('requests_per_hour: canary', 'tls: canary', 'proxy: { url: "ftp://canary:canary@x" }', 'datasets: canary'),
      acme('requests_per_hour: ${X}', 'platform: ${Y}').replace('secret', '"${Z:?no}"'),
      'password: "canary \\q"',
      'a: | canary\n  x',
      `${acme()}\ndatabase_url: mysql://canary\nserver: { listen: canary }`,
    ];
    for (const text of texts) {
      const shown = problems(text, { X: 'canary', Y: 'canary' }).join('\n').replaceAll('acme.canary: unknown key', '');
      expect(shown).not.toBe('');
      expect(shown).not.toContain('canary');
    }
  });
});

it.each(['größe', '接続', 'a b', 'A'])('[S22] “%s” is no id of a connection', (id) => {
  const [problem, ...more] = problems(
    `connections:\n  "${id}": { platform: US1, username: u, password: p }\nsinks: {}`,
  );
  expect(more).toEqual([]);
  expect(problem).toContain('a-z');
});

describe('tenants', () => {
  const two = (sinks: string, routes = '') =>
    `connections:
  a: { platform: US1, username: u, password: p }
  b: { platform: US1, username: u, password: p, tenant: bee }
sinks: ${sinks}
${routes}`;
  it('[promise 12] with several, every sink names its own, by itself or by its routes', () => {
    expect(problems(two('{ s: { type: stdout } }'))).toEqual([
      'configuration:4:10  sinks.s: with several tenants every sink names those it serves; add tenants: [a, bee] or fewer',
    ]);
    expect(problems(two('{ s: { type: stdout, tenants: [bee] } }'))).toEqual([]);
    expect(problems(two('{ s: { type: stdout } }', 'routes: [{ sinks: [s], tenants: [a] }]'))).toEqual([]);
    expect(problems(two('{ s: { type: stdout } }', 'routes: [{ sinks: [s], connections: [a] }]'))).toEqual([]);
    expect(
      problems(two('{ s: { type: stdout } }', 'routes: [{ sinks: [s], tenants: [a] }, { sinks: [s] }]')),
    ).toHaveLength(1);
  });
  it('names that lead nowhere are told', () => {
    expect(
      problems(
        two('{ s: { type: stdout, tenants: [be] } }', 'routes: [{ sinks: [t], connections: [x], tenants: [a] }]'),
      ),
    ).toEqual([
      'configuration:4:39  sinks.s.tenants[0]: no tenant of this name; did you mean "bee"?',
      'configuration:5:20  routes[0].sinks[0]: no sink of this name; did you mean "s"?',
      'configuration:5:38  routes[0].connections[0]: no connection of this name; did you mean "a"?',
    ]);
  });
});

describe('filters and obfuscation', () => {
  it.each([
    ['{ field: A, op: exists, value: 3 }', 'exclude[0].value: expected true or false for exists, or nothing'],
    ['{ field: A, op: eq, value: [1, 2] }', 'exclude[0].value: expected one value for eq; a list is for in'],
    ['{ field: A, op: matches, value: "a**" }', 'expected a regular expression: a repetition of a repetition'],
    ['{ field: A, op: matches, value: "(?=a)" }', 'expected a regular expression: groups are ( ) or (?: )'],
    ['{ field: A, op: like, value: a }', 'exclude[0].op: expected "eq", "ne", "lt"'],
  ])('%s', (filter, problem) => {
    expect(problems(filtered(filter))).toEqual([expect.stringContaining(problem)]);
  });

  const keyed = (rule: string, ...lines: string[]) =>
    [acme(`datasets: { hosts: { obfuscate: [${rule}] } }`), ...lines].join('\n');
  const key = 'obfuscation_key: 0123456789abcdef';
  it.each([
    [keyed('{ path: HOST.IP, how: hash }'), 'obfuscate[0].how: hash needs obfuscation_key, at the top of the file'],
    [keyed('{ path: HOST.ID, how: hash }', key), 'obfuscate[0].path: hosts is read by this field, which must stay'],
    [keyed('{ path: HOST, how: mask }'), 'hosts is read by this field, which must stay as it is'],
    [keyed('{ path: STATUS, how: drop }'), 'part of the key of hosts, which may be hashed only'],
    [keyed('{ path: A, how: scramble }'), 'how: expected "mask", "hash" or "drop"'],
    [keyed('{ path: A, how: mask }', 'obfuscation_key: short'), 'obfuscation_key: expected at least 16 characters'],
    [
      keyed('', 'sinks: { s: { type: stdout } }', 'routes: [{ sinks: [s], obfuscate: [{ path: FQDN, how: mask }] }]'),
      'routes[0].obfuscate[0].path: part of the key of hosts, which every event carries; obfuscate it at the data set',
    ],
  ])('[D6] %s', (text, problem) => {
    expect(problems(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('[D6] what is right is taken', () => {
    expect(problems(keyed('{ path: FQDN, how: hash }, { path: HOST.IP, how: mask }', key))).toEqual([]);
    expect(problems(filtered('{ field: A, op: exists, value: false }, { field: A.B, op: in, value: [1, x] }'))).toEqual(
      [],
    );
  });
});
