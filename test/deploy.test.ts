import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { quarryProgram } from '../src/cli/program.ts';
import { METRICS, type Metric, PREFIX } from '../src/collector/metrics/catalogue.ts';
import { skipUnless } from './support/skip.ts';

/** What stands in deploy/ must fit the product: names of metrics, commands, files and variables. */
const read = (path: string): string => readFileSync(resolve('deploy', path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string };
}
const rules = (parse(read('prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((g) => g.rules);
interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(read('grafana/quarry.json')) as {
  panels: Panel[];
  templating: { list: { name: string; query: string }[] };
};
const expressions = [
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [`panel ${title}`, expr] as const),
  ),
  ...dashboard.templating.list.map(({ name, query }) => [`variable ${name}`, query] as const),
];

const metrics: Readonly<Record<string, Metric>> = METRICS;
/** The metric a name of a sample belongs to. */
const metricOf = (sample: string): Metric | undefined => {
  const name = sample.slice(PREFIX.length);
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return metrics[name] ?? (metrics[base]?.type === 'histogram' ? metrics[base] : undefined);
};

describe('alerts and dashboard', () => {
  it.each(expressions.filter(([, expr]) => expr.includes(PREFIX)))(
    '%s asks only for metrics and labels that there are',
    (_, expr) => {
      for (const [, sample = '', , matchers = ''] of expr.matchAll(/\b(quarry_\w+)(\{([^}]*)\})?/g)) {
        const metric = metricOf(sample);
        expect(metric, sample).toBeDefined();
        for (const [, label = ''] of matchers.matchAll(/(\w+)\s*[=!]/g))
          expect([...(metric?.labels ?? []), 'job', 'instance'], `${sample}{${label}}`).toContain(label);
      }
      for (const [, labels = ''] of expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)) {
        const used = [...expr.matchAll(/quarry_\w+/g)].flatMap(([sample]) => metricOf(sample)?.labels ?? []);
        for (const label of labels.split(/,\s*/)) expect([...used, 'le']).toContain(label);
      }
    },
  );

  it('watch what goes wrong: late, refused, exhausted, behind, parked, down', () => {
    const all = rules.map(({ expr }) => expr).join('\n');
    for (const name of ['last_success_timestamp_seconds', 'stream_error', 'ratelimit_remaining', 'cursor_lag_seconds'])
      expect(all).toContain(PREFIX + name);
    for (const name of ['dlq_records', 'sink_up', 'disk_free_bytes', 'config_last_reload_successful'])
      expect(all).toContain(PREFIX + name);
    expect(dashboard.panels.length).toBeGreaterThan(20);
  });

  it('every metric is shown or watched, but for those that say the same', () => {
    const asked = expressions.map(([, expr]) => expr).join('\n');
    const silent = Object.keys(METRICS).filter((name) => !asked.includes(PREFIX + name));
    expect(silent).toEqual(['build_info', 'start_time_seconds', 'db_longest_transaction_seconds']);
  });
});

const program = quarryProgram(() => {});
/** Whether the command line takes these words: a command, its parts, options. */
function takes(words: readonly string[]): boolean {
  let command: Command | undefined = program;
  const rest = [...words];
  while (rest.length > 0 && !rest[0]!.startsWith('-')) {
    const name: string = rest.shift()!;
    command = command?.commands.find((one) => one.name() === name);
  }
  return command !== undefined && rest.every((word) => command.options.some((option) => option.long === word));
}

it('commands that alerts recommend are commands', () => {
  const named = rules.flatMap(({ annotations: { description } }) =>
    [...description.matchAll(/`quarry ([^`]+)`/g)].map(([, words = '']) => words),
  );
  expect(named.length).toBeGreaterThan(3);
  for (const words of named) expect(takes(words.split(' ')), words).toBe(true);
});

describe('the container', () => {
  const dockerfile = read('Dockerfile');

  it('runs as nobody in particular, says whether it is well, and stops cleanly', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER 10001:0$/m);
    expect(last).toMatch(/^VOLUME \/var\/lib\/quarry$/m);
    expect(last).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(last).toMatch(/^HEALTHCHECK .*CMD \["node", "\/opt\/quarry\/deploy\/entrypoint\.js", "healthcheck"\]$/m);
    expect(last).toMatch(/^ENTRYPOINT \["node", "\/opt\/quarry\/deploy\/entrypoint\.js"\]$/m);
    expect(last).not.toMatch(/npm /);
  });

  it('copies what there is', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '));
    expect(copied).toContain('deploy/entrypoint.js');
    for (const path of copied) expect(existsSync(resolve(path)), path).toBe(true);
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const run = [...dockerfile.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(run.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'quarry-deploy-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  /** The entry point as the container runs it, from anywhere. */
  const entry = (args: readonly string[], env: Record<string, string>): string =>
    execFileSync(process.execPath, [resolve('deploy/entrypoint.js'), ...args], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', ...env },
      encoding: 'utf8',
    });
  const settings = (text: string): Map<string, unknown> =>
    new Map(
      (JSON.parse(text) as { settings: { path: string; value: unknown }[] }).settings.map((one) => [
        one.path,
        one.value,
      ]),
    );

  it('takes configuration and data where it says, unless the environment says otherwise', () => {
    const file = join(dir, 'quarry.yaml');
    writeFileSync(file, JSON.stringify({ connections: {}, sinks: { out: { type: 'file', path: './out' } } }));
    const shown = settings(entry(['config', 'show', '--json'], { QUARRY_CONFIG: file }));
    expect(shown.get('data_dir')).toBe('/var/lib/quarry');
    expect(() => entry(['validate', '--offline'], {})).toThrow('/etc/quarry/quarry.yaml');
  });

  it('stands in for the container of a Devo collector, its mounts unchanged', () => {
    for (const folder of ['certs', 'config', 'credentials', 'state']) mkdirSync(join(dir, folder));
    for (const name of ['chain.crt', 'me.crt', 'me.key']) writeFileSync(join(dir, 'certs', name), 'x');
    const devo = {
      globals: {
        debug: false,
        id: 'not_used',
        name: 'c',
        persistence: { type: 'filesystem', config: { directory_name: 'state' } },
      },
      outputs: {
        devo_1: {
          type: 'devo_platform',
          config: {
            address: 'collector-eu.devo.io',
            port: 443,
            type: 'SSL',
            chain: 'chain.crt',
            cert: 'me.crt',
            key: 'me.key',
          },
        },
      },
      inputs: {
        qualys: {
          id: 13_241_243,
          enabled: true,
          credentials: { username: 'u', password: 'p', hostname: 'qualysapi.qualys.com' },
          services: { vm_scans: { request_period_in_seconds: 60 } },
        },
      },
    };
    writeFileSync(join(dir, 'config', 'config.yaml'), JSON.stringify(devo));
    const shown = settings(
      entry(['config', 'show', '--json'], {
        CONFIG_FILE: 'config.yaml',
        QUARRY_DEVO_ROOT: dir,
        QUARRY_LISTEN: '0.0.0.0:8480',
      }),
    );
    expect(shown.get('data_dir')).toBe(join(dir, 'state', 'quarry'));
    expect([...shown.values()]).toContain(join(dir, 'certs', 'me.key'));
  });
});

interface Compose {
  readonly services: Readonly<
    Record<string, { command?: string[]; read_only?: boolean; user?: string; environment?: object; ports?: string[] }>
  >;
}

describe('compose, systemd', () => {
  const files = readdirSync('deploy').filter((name) => /^compose.*\.yaml$/.test(name));

  /** Workers, and nodes without work, come with `quarry worker`: until then that file is for later. */
  const many = skipUnless(takes(['worker']) && takes(['run', '--no-work']), '`quarry worker` is not there yet');
  it.each(files)('%s is read-only, unprivileged, and open to this machine alone', (name) => {
    const { services } = parse(read(name), { merge: true }) as Compose;
    const own = Object.entries(services).filter(([service]) => service !== 'postgres');
    expect(own.length).toBeGreaterThan(0);
    for (const [service, { read_only, user, ports = [] }] of own) {
      expect({ service, read_only, user }).toEqual({ service, read_only: true, user: '10001:0' });
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('compose.yaml starts a command that there is', () => {
    expect(takes((parse(read('compose.yaml')) as Compose).services['quarry']?.command ?? ['none'])).toBe(true);
  });

  it('compose.scale.yaml starts commands that there are', many, () => {
    const { services } = parse(read('compose.scale.yaml'), { merge: true }) as Compose;
    for (const { command } of Object.values(services)) expect(takes(command ?? []), command?.join(' ')).toBe(true);
  });

  it('the unit starts a command that there is, and does not start again what is configured wrong', () => {
    const unit = read('systemd/quarry.service');
    expect(takes(/^ExecStart=\/usr\/bin\/env quarry (.+)$/m.exec(unit)?.[1]?.split(' ') ?? ['none'])).toBe(true);
    expect(unit).toMatch(/^RestartPreventExitStatus=78$/m);
    expect(unit).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  });
});

it('the guide names files and commands that there are', () => {
  const guide = readFileSync('docs/guide/operations.md', 'utf8');
  const files = [...guide.matchAll(/`?(deploy\/[\w./-]+\w)/g)].map(([, path = '']) => path);
  expect(files.length).toBeGreaterThan(5);
  for (const path of files) expect(existsSync(path), path).toBe(true);
  for (const [, words = ''] of guide.matchAll(/`quarry ([a-z-]+)/g)) expect(takes([words]), words).toBe(true);
});
