/** What `quarry init` was told, or assumes. */
export interface Answers {
  readonly connection: string;
  /** A platform's name, or an address. */
  readonly platform?: string;
  readonly apiUrl?: string;
  readonly username: string | undefined;
  /** The file the password is in; else the environment has it. */
  readonly passwordFile: string | undefined;
  /** Those chosen; undefined: all. */
  readonly datasets: readonly string[] | undefined;
  readonly outputDir: string;
  /** Address of the JSON Schema for editors. */
  readonly schema: string;
}

/** What the text says of each data set. */
export interface DatasetWords {
  readonly name: string;
  readonly title: string;
  readonly permission: { readonly roles: string; readonly licence: string };
}

/** A configuration with its explanations. Secrets stay outside: in the environment, or in a file of their own. */
export function configText(answers: Answers, known: readonly DatasetWords[]): string {
  const { connection, platform, apiUrl, username, passwordFile, datasets, outputDir, schema } = answers;
  const chosen = known.filter(({ name }) => datasets?.includes(name) ?? true);
  const width = Math.max(...chosen.map(({ name }) => name.length)) + 1;
  const address =
    apiUrl === undefined
      ? `${`platform: ${platform ?? ''}`.padEnd(32)} # where the account lives; or api_url: https://…`
      : `${`api_url: ${scalar(apiUrl)}`.padEnd(32)} # the API server; or platform: US1, EU2 …`;
  return `# yaml-language-server: $schema=${schema}
# Quarry: what is read from Qualys, and where it goes. Look at it with \`quarry config show\`, try it with \`quarry check\`.

data_dir: ./quarry-data              # database and spool: needs a disk and a backup
server: { listen: 127.0.0.1:8480 }   # or false

connections:
  ${connection}:
    ${address}
    username: ${username === undefined ? '${QUALYS_USERNAME}' : scalar(`\${QUALYS_USERNAME:-${username}}`)}
    password: ${passwordFile === undefined ? '${QUALYS_PASSWORD}' : scalar(`\${file:${passwordFile}}`)}
    # tags_include: [Production]     # only hosts with one of these tags
    # proxy: { url: http://proxy:3128 }
    # tls: { ca: ./ca.pem }          # an authority to trust besides the usual ones
    #
    # What the account needs (Quarry only reads; a user of its own keeps its limits apart from other tools'):
${chosen.map(({ name, permission }) => `    #   ${name.padEnd(width)} ${permission.licence}`).join('\n')}
    # Who sees what:
${roles(chosen)
  .map((line) => `    #   ${line}`)
  .join('\n')}
    datasets:${datasets === undefined ? ' all' : `\n${chosen.map(({ name, title }) => `      ${`${name}: {}`.padEnd(width + 5)} # ${title}`).join('\n')}`}
    #  host_list_detection:          # options are written under the data set:
    #    every: 15m
    #    start_time_in_utc: 2026-01-01

sinks:
  archive:                           # \`quarry sink test archive\` tries it
    type: file
    path: ${scalar(outputDir)}
`;
}

/** What the permissions of the chosen data sets allow, each sentence once. */
export function roles(chosen: readonly DatasetWords[]): string[] {
  const by = new Map<string, string[]>();
  for (const { name, permission } of chosen) by.set(permission.roles, [...(by.get(permission.roles) ?? []), name]);
  return [...by].map(
    ([text, names]) => `${names.length > 4 ? `${names.length} data sets` : names.join(', ')}: ${text}`,
  );
}

/** A YAML scalar that reads back as this text. */
const scalar = (text: string): string =>
  /^(?:\.\/|[A-Za-z/])[\w./-]*$/.test(text) && !/^(?:true|false|null)$/i.test(text) ? text : JSON.stringify(text);
