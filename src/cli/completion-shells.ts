import type { Place, Values } from './completion.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** The script of a shell; the user evaluates it or puts it where the shell looks. */
export function script(shell: Shell, all: readonly Place[]): string {
  const head = `# Completion of quarry for ${shell}, made by \`quarry completion ${shell}\`.\n`;
  if (shell === 'bash') return `${head}${bash(all)}`;
  return shell === 'zsh' ? `#compdef quarry\n${head}${zsh(all)}` : `${head}${fish(all)}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const inner = (all: readonly Place[]): string[] => all.filter(({ path }) => path !== '').map(({ path }) => path);

/** Branches of a case over "path:switch", one for each switch that takes a value. */
function valueCases(all: readonly Place[], offer: (values: Values) => string, end: string): string {
  return all
    .flatMap(({ path, switches }) =>
      switches
        .filter(({ value }) => value !== undefined)
        .map(
          ({ names, value }) =>
            `    ${names.map((name) => quoted(`${path}:${name}`)).join('|')}) ${offer(value!)}; return${end}`,
        ),
    )
    .join('\n');
}

/** Branches of a case over the path: what stands there when no switch does. */
function wordCases(all: readonly Place[], offer: (values: Values) => string): string {
  return all
    .map(({ path, commands, argument }) => {
      const values: Values | undefined =
        commands.length > 0 ? { kind: 'words', words: commands.map(({ name }) => name) } : argument;
      return values === undefined ? '' : `    ${quoted(path)}) ${offer(values)};;\n`;
    })
    .join('');
}

function bash(all: readonly Place[]): string {
  const offer = (values: Values): string => {
    if (values.kind === 'files') return 'COMPREPLY=($(compgen -f -- "$cur"))';
    if (values.kind === 'any') return ':';
    const words = values.kind === 'words' ? values.words.join(' ') : `$(quarry __names ${values.of} 2>/dev/null)`;
    return `COMPREPLY=($(compgen -W "${words}" -- "$cur"))`;
  };
  const switches = all.map(
    ({ path, switches }) =>
      `    ${quoted(path)}) COMPREPLY=($(compgen -W "${switches.flatMap(({ names }) => names).join(' ')}" -- "$cur"));;\n`,
  );
  return `_quarry() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${inner(all).map(quoted).join('|')}) at="\${at:+$at }\${COMP_WORDS[i]}";;
    esac
  done
  case "$at:$prev" in
${valueCases(all, offer, ';;')}
  esac
  if [[ $cur == -* ]]; then
    case "$at" in
${switches.join('')}    esac
    return
  fi
  case "$at" in
${wordCases(all, offer)}  esac
}
complete -F _quarry quarry
`;
}

function zsh(all: readonly Place[]): string {
  const offer = (values: Values): string => {
    if (values.kind === 'files') return '_files';
    if (values.kind === 'any') return ':';
    return values.kind === 'words'
      ? `compadd -- ${values.words.map(quoted).join(' ')}`
      : `compadd -- \${(f)"$(quarry __names ${values.of} 2>/dev/null)"}`;
  };
  const switches = all.map(
    ({ path, switches }) =>
      `    ${quoted(path)}) compadd -- ${switches
        .flatMap(({ names }) => names)
        .map(quoted)
        .join(' ')};;\n`,
  );
  return `_quarry() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} at='' i
  for ((i = 2; i < CURRENT; i++)); do
    case "\${at:+$at }\${words[i]}" in
      ${inner(all).map(quoted).join('|')}) at="\${at:+$at }\${words[i]}";;
    esac
  done
  case "$at:$prev" in
${valueCases(all, offer, ';;')}
  esac
  if [[ $cur == -* ]]; then
    case "$at" in
${switches.join('')}    esac
    return
  fi
  case "$at" in
${wordCases(all, offer)}  esac
}
compdef _quarry quarry
`;
}

function fish(all: readonly Place[]): string {
  const offer = (values: Values | undefined): string => {
    if (values === undefined) return '';
    if (values.kind === 'files') return ' -r -F';
    if (values.kind === 'any') return ' -x';
    const words = values.kind === 'words' ? values.words.join(' ') : `(quarry __names ${values.of} 2>/dev/null)`;
    return ` -x -a ${values.kind === 'words' ? quoted(words) : `"${words}"`}`;
  };
  const lines = all.flatMap(({ path, commands, switches, argument }) => {
    const here = `complete -c quarry -n ${quoted(`__quarry_at ${quoted(path)}`)}`;
    return [
      ...commands.map(({ name, about }) => `${here} -f -a ${quoted(name)} -d ${quoted(about)}`),
      ...switches.map(({ names, about, value }) => {
        const flags = names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`));
        return `${here}${flags.join('')}${offer(value)} -d ${quoted(about)}`;
      }),
      ...(argument === undefined ? [] : [`${here}${offer(argument).replace(' -r -F', ' -F').replace(' -x', ' -f')}`]),
    ];
  });
  return `function __quarry_at
  set -l at
  for word in (commandline -opc)[2..]
    if contains -- (string join ' ' $at $word) ${inner(all).map(quoted).join(' ')}
      set at $at $word
    end
  end
  test "$at" = "$argv[1]"
end
complete -c quarry -f
${lines.join('\n')}
`;
}
