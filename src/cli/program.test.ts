import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { places } from './completion.ts';
import { script } from './completion-shells.ts';
import { quarryProgram } from './program.ts';

const program = quarryProgram(() => {});
const all = places(program);
const leaves = all.filter(({ commands }) => commands.length === 0);

const helpOf = (path: string): string => {
  let command: Command = program;
  for (const word of path.split(' ')) command = command.commands.find((one) => one.name() === word)!;
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more) });
  command.outputHelp();
  return text;
};

describe('examples', () => {
  it.each(leaves.map(({ path }) => path))('of %s are lines that the command itself takes', (path) => {
    const lines = (helpOf(path).split(/\nExamples?:\n/)[1] ?? '').split('\n').filter((line) => line.trim() !== '');
    expect(lines.length).toBeGreaterThan(0);
    const { switches } = leaves.find((one) => one.path === path)!;
    const known = switches.flatMap(({ names }) => names);
    for (const line of lines) {
      expect(line).toContain(`  quarry ${path}`);
      const used = line.split(/\s+/).filter((word) => word.startsWith('-'));
      expect(used.filter((word) => !known.includes(word))).toEqual([]);
    }
  });
});

const scratch = mkdtempSync(join(tmpdir(), 'quarry-completion-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** What bash offers for a line, its last word being the one under the cursor. */
function offered(...words: readonly string[]): string[] {
  const file = join(scratch, 'quarry.bash');
  writeFileSync(file, script('bash', all));
  // Names are asked of the command itself, so bash gets one that knows some.
  const line = words.map((word) => `'${word}'`).join(' ');
  const text = `quarry() { [ "$1 $2" = "__names datasets" ] && echo host_list host_list_detection; [ "$1 $2" = "__names connections" ] && echo acme; }
source '${file}'
COMP_WORDS=(quarry ${line}); COMP_CWORD=${words.length}; _quarry; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', text], { encoding: 'utf8' })
    .split('\n')
    .filter((word) => word !== '');
}

describe('completion', () => {
  it('of bash: commands, their parts, options, choices, names', () => {
    expect(offered('va')).toEqual(['validate']);
    expect(offered('state', 're')).toEqual(['reset']);
    expect(offered('run', '--on')).toEqual(['--once', '--only']);
    expect(offered('run', '--once', '--log-format', 'j')).toEqual(['json']);
    expect(offered('pull', 'host_list_')).toEqual(['host_list_detection']);
    expect(offered('pull', 'host_list', '--connection', '')).toEqual(['acme']);
    expect(offered('check', '')).toEqual(['acme']);
  });

  it.each(['bash', 'zsh', 'fish'] as const)('of %s names every command and every option', (shell) => {
    const text = script(shell, all);
    for (const { commands, switches } of all) {
      for (const { name } of commands) expect(text).toContain(name);
      for (const { names } of switches)
        for (const name of names) expect(text).toContain(shell === 'fish' ? name.replace(/^--?/, '') : name);
    }
    expect(text).not.toContain('__names {');
  });

  it('of fish and zsh has balanced quotes', () => {
    for (const shell of ['zsh', 'fish'] as const)
      for (const line of script(shell, all).split('\n'))
        expect((line.replaceAll(/'\\''/g, '').match(/'/g) ?? []).length % 2, line).toBe(0);
  });
});
