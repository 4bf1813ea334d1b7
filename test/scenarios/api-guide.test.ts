import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { startCli, until } from '../support/cli.ts';

/** The script of the guide, run as it stands against a demo. */
it('the script of docs/guide/api.md adds, tests, follows, verifies and exports', { timeout: 120_000 }, async () => {
  const guide = await readFile(resolve(import.meta.dirname, '../../docs/guide/api.md'), 'utf8');
  const script = /^```sh\n([\s\S]*?)^```$/m.exec(guide)![1]!;
  const dir = await mkdtemp(join(tmpdir(), 'quarry-api-guide-'));
  const demo = startCli(['demo', '--hosts', '30', '--data-dir', join(dir, 'data'), '--listen', '127.0.0.1:0'], {
    cwd: dir,
    env: { QUARRY_LOG_FORMAT: 'json' },
  });
  let said = '';
  demo.child.stderr!.on('data', (text: string) => {
    said += text;
  });
  try {
    const find = (pattern: RegExp): string | undefined => pattern.exec(said)?.[1];
    const link = /"url":"([^"]+first[^"]+)"/;
    await until(() => find(link) !== undefined);
    const simulator = find(/"simulator":"([^"]+)"/)!;
    const env = { PATH: process.env['PATH'] ?? '', QUARRY_LINK: find(link)!, SIMULATOR_URL: simulator };
    const shell = spawn('sh', ['-c', script], { cwd: dir, env });
    let stdout = '';
    let stderr = '';
    shell.stdout.on('data', (text: Buffer) => {
      stdout += text.toString();
    });
    shell.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    const [code] = (await once(shell, 'close')) as [number | null];
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
    const [made = '', tested = '', pulled = '', event = '', worst = ''] = stdout.split(/# [^"{]*?\.\n/).slice(1);
    expect(JSON.parse(made)).toMatchObject({ id: 'guide', source: 'api', tenant: 'demo', secrets: ['password'] });
    const checks = tested
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);
    expect(checks.slice(0, -1).map(({ check, outcome }) => [check, outcome])).toEqual(
      ['DNS', 'sign-in (basic)', 'host_list', 'host_list_detection', 'knowledge_base'].map((name) => [name, 'ok']),
    );
    expect(checks.at(-1)).toMatchObject({ state: 'passed', connection: 'guide' });
    const report = /^event: report\ndata: (.*)$/m.exec(pulled)![1]!;
    expect(JSON.parse(report)).toMatchObject({ dataset: 'host_list_detection', status: 'complete' });
    expect(JSON.parse(event)).toMatchObject({
      items: [{ connection: 'guide', dataset: 'host_list_detection', record: { QID: expect.stringMatching(/^\d+$/) } }],
    });
    const lines = worst.trim().split('\r\n');
    expect(lines[0]).toBe('device,name,ip,open_critical,open_findings');
    const critical = lines.slice(1).map((line) => Number(line.split(',').at(-2)));
    expect(critical).toHaveLength(5);
    expect(critical).toEqual(critical.toSorted((a, b) => b - a));
    // The demo says once how to sign in to what it simulates; nothing else names a password.
    const others = said.split('\n').filter((line) => !line.includes('"sign_in":'));
    expect(`${stdout}${others.join('\n')}`).not.toContain('Gr4nite');
  } finally {
    demo.child.kill('SIGTERM');
    await demo.exited;
    await rm(dir, { recursive: true, force: true });
  }
});
