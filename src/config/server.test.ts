import { describe, expect, it } from 'vitest';
import { acme, from, problems } from '../../test/support/config-parts.ts';
import { settings } from './origins.ts';
import { redacted } from './show.ts';

const OIDC = `oidc:
    issuer: https://login.example.com/realms/acme
    client_id: quarry
    client_secret: canary-9
    roles: [{ group: soc, role: operator, tenants: [acme] }]`;
const server = (...lines: readonly string[]): string =>
  `${acme()}
server:
  ${OIDC}
${lines
  .map(
    (line) => `    ${line}
`,
  )
  .join('')}`;

describe('server.oidc', () => {
  it('has what is usual filled in, and never shows its secret', () => {
    const config = from(server());
    expect(config.server).toMatchObject({
      listen: { host: '127.0.0.1', port: 8480 },
      oidc: { title: 'login.example.com', scopes: ['openid', 'profile', 'email'], groupsClaim: 'groups' },
    });
    const shown = JSON.stringify([redacted(config), settings(config, { env: {}, datasets: new Map() })]);
    expect(shown).toContain('server.oidc.client_secret');
    expect(shown).not.toContain('canary-9');
  });

  it('stays when the environment says where to listen, and always asks for openid', () => {
    const { server: found } = from(server('scopes: [groups]'), { QUARRY_LISTEN: ':9000' });
    expect(found).toMatchObject({ listen: { port: 9000 }, oidc: { scopes: ['openid', 'groups'] } });
  });

  it('says what is wrong, at its place', () => {
    const plain = server().replace('https:', 'http:');
    expect(problems(plain)).toEqual([
      expect.stringContaining('server.oidc.issuer: expected an https:// address (http:// with allow_insecure)'),
    ]);
    expect(from(`${plain}    allow_insecure: true\n`).server).toMatchObject({ oidc: { allowInsecure: true } });
    expect(problems(server('redirect_url: quarry.example.com'))[0]).toContain(
      'server.oidc.redirect_url: expected https',
    );
    expect(problems(server('colour: red'))[0]).toContain('server.oidc.colour: unknown key');
    expect(problems(server().replace(', tenants: [acme]', ''))[0]).toContain('server.oidc.roles[0].tenants');
  });
});
