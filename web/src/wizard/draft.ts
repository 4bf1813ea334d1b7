/** A connection as it is being made. */
export interface Draft {
  readonly name: string;
  readonly id: string;
  readonly tenant: string;
  readonly runOn: string;
  readonly notes: string;
  readonly platform: string;
  readonly apiUrl: string;
  readonly signIn: 'password' | 'token' | 'oauth' | 'oidc';
  readonly username: string;
  readonly password: string;
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly verifyTls: boolean;
  readonly proxyUrl: string;
  readonly proxyUsername: string;
  readonly proxyPassword: string;
  readonly tagsInclude: string;
  readonly requestsPerHour: number | '';
  /** Data set → how often, '' for its own schedule. */
  readonly datasets: Readonly<Record<string, string>>;
  readonly start: boolean;
}

/** What stands in place of a platform for an address of one's own. */
export const OWN_ADDRESS = 'address';

export const emptyDraft: Draft = {
  ...{ name: '', id: '', tenant: '', runOn: '', notes: '' },
  ...{ platform: 'US1', apiUrl: '', signIn: 'password', username: '', password: '', token: '' },
  ...{ clientId: '', clientSecret: '', verifyTls: true, proxyUrl: '', proxyUsername: '', proxyPassword: '' },
  ...{ tagsInclude: '', requestsPerHour: '', datasets: {}, start: true },
};

/** `Acme, Inc.` → `acme-inc`. */
export const idOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);

export type Wrong = { readonly [Field in keyof Draft]?: string };
const wrongIf = <Field extends keyof Draft>(field: Field, holds: boolean, said: string): Wrong =>
  holds ? { [field]: said } : {};
const ASCII = /^[\x20-\x7e]*$/;

export const generalWrong = ({ name, id, tenant, notes }: Draft): Wrong => ({
  ...wrongIf('name', name.trim() === '', 'A connection needs a name.'),
  ...wrongIf('name', !ASCII.test(name), 'Names take letters, digits and signs of ASCII only, no multibyte characters.'),
  ...wrongIf('id', !/^[a-z0-9_-]{1,64}$/.test(id), 'An id is 1 to 64 of a–z, 0–9, _ and -.'),
  ...wrongIf(
    'tenant',
    tenant !== '' && !/^[\w.-]{1,64}$/.test(tenant),
    'A tenant is 1 to 64 letters, digits, _, . and -.',
  ),
  ...wrongIf('notes', notes.length > 250, 'Notes have 250 characters at most.'),
});

export function configurationWrong(draft: Draft): Wrong {
  const { platform, apiUrl, signIn, username, password, token, clientId, clientSecret, requestsPerHour, proxyUrl } =
    draft;
  const client = signIn === 'oauth' || signIn === 'oidc';
  return {
    ...wrongIf(
      'apiUrl',
      platform === OWN_ADDRESS && !/^(https?:\/\/)?[\w.[\]:-]+\/?$/.test(apiUrl.trim()),
      'Write it like https://qualysapi.qualys.com.',
    ),
    ...wrongIf('username', signIn === 'password' && username.trim() === '', 'The user name is missing.'),
    ...wrongIf('password', signIn === 'password' && password === '', 'The password is missing.'),
    ...wrongIf('token', signIn === 'token' && token.trim() === '', 'The token is missing.'),
    ...wrongIf('clientId', client && clientId.trim() === '', 'The client id is missing.'),
    ...wrongIf('clientSecret', client && clientSecret === '', 'The client secret is missing.'),
    ...wrongIf(
      'proxyUrl',
      proxyUrl !== '' && !/^https?:\/\/\S+$/.test(proxyUrl),
      'Write it like http://proxy.example.com:3128.',
    ),
    ...wrongIf('requestsPerHour', requestsPerHour !== '' && requestsPerHour < 1, 'At least one request per hour.'),
  };
}

export const datasetsWrong = ({ datasets }: Draft): Wrong =>
  wrongIf('datasets', Object.keys(datasets).length === 0, 'Choose at least one data set.');

/** A caution, not a refusal: Qualys takes such passwords, some of its sign-ins do not. */
export const passwordCaution = ({ password }: Draft): string | undefined =>
  ASCII.test(password) ? undefined : 'It holds characters beyond ASCII: some ways to sign in at Qualys refuse these.';

/** As `connections.<id>` of quarry.yaml holds it. */
export function settingsOf(draft: Draft): Record<string, unknown> {
  const { signIn, username, password, token, clientId, clientSecret, requestsPerHour, proxyUsername, proxyPassword } =
    draft;
  const tags = draft.tagsInclude
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  const proxy = { url: draft.proxyUrl, ...filled('username', proxyUsername), ...filled('password', proxyPassword) };
  const client = { client_id: clientId.trim(), client_secret: clientSecret };
  return {
    ...(draft.platform === OWN_ADDRESS ? { api_url: draft.apiUrl.trim() } : { platform: draft.platform }),
    ...(signIn === 'password' ? { username: username.trim(), password } : {}),
    ...(signIn === 'token' ? { token: token.trim() } : {}),
    ...(signIn === 'oauth' || signIn === 'oidc' ? { [signIn]: client } : {}),
    ...(draft.verifyTls ? {} : { tls: { verify: false } }),
    ...(draft.proxyUrl === '' ? {} : { proxy }),
    ...(tags.length === 0 ? {} : { tags_include: tags }),
    ...(requestsPerHour === '' ? {} : { requests_per_hour: requestsPerHour }),
    datasets: Object.fromEntries(
      Object.entries(draft.datasets).map(([name, every]) => [name, every === '' ? {} : { every }]),
    ),
  };
}

const filled = (name: string, value: string): Record<string, string> => (value === '' ? {} : { [name]: value });

export const bodyOf = (draft: Draft) => ({
  id: draft.id,
  name: draft.name.trim(),
  tenant: draft.tenant === '' ? draft.id : draft.tenant,
  notes: draft.notes,
  run_on: draft.runOn,
  paused: !draft.start,
  settings: settingsOf(draft),
});

const SECRETS = new Set(['password', 'token', 'client_secret']);
/** The same as YAML, secrets covered: what people compare with their file. */
export function yamlOf(draft: Draft): string {
  const section = { tenant: bodyOf(draft).tenant, ...settingsOf(draft) };
  return `connections:\n  ${draft.id}:\n${lines(section, 4)}`;
}
function lines(value: Readonly<Record<string, unknown>>, indent: number): string {
  const pad = ' '.repeat(indent);
  return Object.entries(value)
    .map(([name, one]) => {
      if (SECRETS.has(name)) return `${pad}${name}: ••••••`;
      if (Array.isArray(one)) return `${pad}${name}: ${JSON.stringify(one)}`;
      if (typeof one !== 'object' || one === null) return `${pad}${name}: ${String(one)}`;
      const inner = Object.keys(one).length === 0 ? ' {}' : `\n${lines(one as Record<string, unknown>, indent + 2)}`;
      return `${pad}${name}:${inner}`;
    })
    .join('\n');
}
