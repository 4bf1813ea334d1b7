import type { Config, ConnectionConfig } from '../../config/config.ts';
import type { Call, SignInWay } from '../../core/dataset.ts';
import { below, requestFor } from '../../qualys/request.ts';
import { addressOf } from './address.ts';

/**
 * A call as a curl command to try by hand, with `ways` the data set's ways to sign in. User name and secrets are shell
 * variables: those the configuration was filled in from, else `QUALYS_USERNAME`, `QUALYS_PASSWORD`, `QUALYS_TOKEN`.
 */
export function curlOf(config: Config, connection: ConnectionConfig, call: Call, ways: readonly SignInWay[]): string {
  const { id, tls, proxy, signIn } = connection;
  const address = addressOf(connection);
  const { url, method, body, headers } = requestFor(address, call, call.versions?.[0], false);
  const variable = (part: string, usual: string): string => {
    const [reference] = config.references.get(`connections.${id}.${part}`) ?? [];
    return reference === undefined || reference.startsWith('${file:') ? `\${${usual}}` : reference;
  };
  const common = [
    'curl -sS --compressed',
    ...(tls.verify ? [] : ['-k']),
    ...(tls.caFile === undefined ? [] : [`--cacert ${quoted(tls.caFile)}`]),
    ...(proxy === undefined ? [] : [`-x ${quoted(proxy.url)}`]),
    ...(proxy?.username === undefined ? [] : ['--proxy-user "${PROXY_USERNAME}:${PROXY_PASSWORD}"']),
  ].join(' ');
  const user = variable('username', 'QUALYS_USERNAME');
  const password = variable('password', 'QUALYS_PASSWORD');
  const basic = signIn.kind === 'basic' && ways[0] !== 'token';
  const source = signIn.kind === 'basic' ? (signIn.token ?? signIn) : signIn;
  const gateway = (path: string): string => quoted(below(address.auth ?? address.gateway, path).href);
  const form = (name: string, value: string): string => `--data-urlencode "${name}=${value}"`;
  const tokenCall = (): string | undefined => {
    if (basic || source.kind === 'token') return undefined;
    if (source.kind === 'basic')
      return `${form('username', user)} ${form('password', password)} -d token=true -d permissions=true ${gateway('auth')}`;
    if (source.kind !== 'identity_provider') {
      const client = variable(`${source.kind}.client_id`, 'QUALYS_CLIENT_ID');
      const secret = variable(`${source.kind}.client_secret`, 'QUALYS_CLIENT_SECRET');
      return `-X POST -H "clientId: ${client}" -H "clientSecret: ${secret}" ${gateway(`auth/${source.kind}`)}`;
    }
    // What a provider answers differs, as do its grants: its token is got by hand.
    return undefined;
  };
  const asked = tokenCall();
  const fetchToken = asked === undefined ? [] : [`QUALYS_TOKEN=$(${common} ${asked})`];
  const token = source.kind === 'token' ? variable('token', 'QUALYS_TOKEN') : '${QUALYS_TOKEN}';
  const words = [
    common,
    basic ? `-u "${user}:${password}"` : `-H "Authorization: Bearer ${token}"`,
    "-H 'X-Requested-With: curl'",
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(method === 'POST' && body === undefined ? ['-X POST'] : []),
    ...(body === undefined ? [] : [`--data-binary ${quoted(body)}`]),
    quoted(url.href),
  ];
  return [...fetchToken, words.join(' ')].join('\n');
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
