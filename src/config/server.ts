import { z } from 'zod';
import type { OidcConfig, ServerConfig } from './config.ts';
import { type Address, label, listen, secret, text } from './fields.ts';

/** The server, and who lets people in there besides passwords. */

const about = (description: string) => ({ description });

const isWebUrl = (value: string, plainToo: boolean): boolean =>
  ['https:', ...(plainToo ? ['http:'] : [])].includes(URL.parse(value)?.protocol ?? '');

/** Single sign-on of people. */
const oidc = z
  .object({
    issuer: text.meta(about('The provider, as its tokens name it: https://login.example.com/realms/acme.')),
    client_id: text,
    client_secret: secret,
    title: text.meta(about('What the page calls it; the host of the issuer when not given.')).optional(),
    redirect_url: text
      .meta(about('Where the provider sends people back to: https://…/api/v1/session/oidc/callback.'))
      .optional(),
    scopes: z.array(text).default(['openid', 'profile', 'email']).meta(about('What is asked for; openid always is.')),
    groups_claim: text
      .default('groups')
      .meta(about('The claim that names the groups of a person; dots lead into objects: realm_access.roles.')),
    roles: z
      .array(
        z.object({
          group: text,
          role: z.enum(['viewer', 'operator', 'admin']),
          tenants: z
            .union([z.literal('*'), z.array(label).min(1)])
            .meta(about("Whose data its people see: '*' for every tenant's, or a list.")),
        }),
      )
      .min(1)
      .meta(about('What the groups may do. Of several, the highest role counts, with the tenants named beside it.')),
    allow_insecure: z.boolean().default(false).meta(about('Let the issuer be plain http: for tests.')),
  })
  .refine(({ issuer, allow_insecure }) => isWebUrl(issuer, allow_insecure), {
    error: 'expected an https:// address (http:// with allow_insecure)',
    path: ['issuer'],
  })
  .refine(({ redirect_url: url }) => url === undefined || isWebUrl(url, true), {
    error: 'expected https://…/api/v1/session/oidc/callback',
    path: ['redirect_url'],
  });

export const serverSchema = z.object({
  listen: listen.prefault('127.0.0.1:8480'),
  allow_private_addresses: z
    .boolean()
    .default(false)
    .meta(about('Connections made through the page may lead to this machine and its network.')),
  oidc: oidc.meta(about('Single sign-on through an identity provider (OpenID Connect).')).optional(),
});

/** `listening`: what the environment says in place of the file; `false` is a decision of the file, which that does not change. */
export function resolveServer(
  value: false | z.output<typeof serverSchema>,
  listening: Address | undefined,
): ServerConfig | false {
  if (value === false) return false;
  return {
    listen: listening ?? value.listen,
    allowPrivateAddresses: value.allow_private_addresses,
    oidc: value.oidc === undefined ? undefined : resolveOidc(value.oidc),
  };
}

const resolveOidc = (value: z.output<typeof oidc>): OidcConfig => ({
  issuer: value.issuer,
  clientId: value.client_id,
  clientSecret: value.client_secret,
  title: value.title ?? new URL(value.issuer).host,
  redirectUrl: value.redirect_url,
  scopes: [...new Set(['openid', ...value.scopes])],
  groupsClaim: value.groups_claim,
  roles: value.roles,
  allowInsecure: value.allow_insecure,
});
