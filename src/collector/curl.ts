import type { Config, ConnectionConfig } from '../config/config.ts';
import type { Call } from '../core/dataset.ts';
import { resolveAddress } from '../qualys/platforms.ts';
import { requestFor } from '../qualys/request.ts';

/**
 * A call as a curl command to try by hand. User name and secrets are shell variables: those the configuration was
 * filled in from, else `QUALYS_USERNAME` and `QUALYS_PASSWORD`.
 */
export function curlOf(config: Config, connection: ConnectionConfig, call: Call): string {
  const { id, platform, apiUrl, gatewayUrl, allowPlainHttp, tls, proxy, signIn } = connection;
  const address = resolveAddress({ platform, api_url: apiUrl, gateway_url: gatewayUrl, allowPlainHttp });
  const gateway = call.server === 'gateway';
  const server = gateway ? address.gateway : address.api;
  const { url, method, body } = requestFor({ api: server, gateway: address.gateway }, call, call.versions?.[0], false);
  const variable = (part: string, usual: string): string => {
    const [reference] = config.references.get(`connections.${id}.${part}`) ?? [];
    return reference === undefined || reference.startsWith('${file:') ? `\${${usual}}` : reference;
  };
  const user = variable('username', 'QUALYS_USERNAME');
  const password = variable('password', 'QUALYS_PASSWORD');
  const basic = signIn.kind === 'basic';
  const token = basic ? '${QUALYS_TOKEN}' : variable('token', 'QUALYS_TOKEN');
  const fetchToken =
    basic && gateway
      ? [
          `QUALYS_TOKEN=$(curl -sS --data-urlencode "username=${user}" --data-urlencode "password=${password}" -d token=true ${quoted(new URL('auth', address.gateway).href)})`,
        ]
      : [];
  const words = [
    'curl -sS --compressed',
    ...(tls.verify ? [] : ['-k']),
    ...(proxy === undefined ? [] : [`-x ${quoted(proxy.url)}`]),
    ...(proxy?.username === undefined ? [] : ['--proxy-user "${PROXY_USERNAME}:${PROXY_PASSWORD}"']),
    basic && !gateway ? `-u "${user}:${password}"` : `-H "Authorization: Bearer ${token}"`,
    "-H 'X-Requested-With: curl'",
    ...(method === 'POST' && body === undefined ? ['-X POST'] : []),
    ...(call.body === undefined
      ? []
      : [`-H ${quoted(`Content-Type: ${call.body.type}`)} --data-binary ${quoted(call.body.text)}`]),
    ...(call.body === undefined && body !== undefined ? [`-d ${quoted(body)}`] : []),
    quoted(url.href),
  ];
  return [...fetchToken, words.join(' ')].join('\n');
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
