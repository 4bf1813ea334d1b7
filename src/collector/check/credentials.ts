import { createHash } from 'node:crypto';
import type { ConnectionConfig, SignInConfig } from '../../config/config.ts';
import type { Dataset } from '../../core/dataset.ts';
import type { Log } from '../../core/log.ts';
import { reveal } from '../../core/secret.ts';
import { authoritiesFrom } from '../../qualys/authorities.ts';
import type { Address } from '../../qualys/platforms.ts';
import { createPrincipal, type Principal } from '../../qualys/sign-in.ts';

/** Connections with the same user and password are one principal: a wrong password is tried once for all of them. */
export function userOf(signIn: SignInConfig, { api }: Address, users: Map<string, Principal>): Principal | undefined {
  if (signIn.kind !== 'basic') return undefined;
  const parts = JSON.stringify([api.href, signIn.username, reveal(signIn.password)]);
  const name = createHash('sha256').update(parts).digest('base64');
  const user = users.get(name) ?? createPrincipal();
  users.set(name, user);
  return user;
}

/** The authorities of a file are read again when it changes. */
export function authorities({ ca, caFile }: ConnectionConfig['tls'], log: Log): string | (() => string) | undefined {
  return ca === undefined || caFile === undefined ? ca : authoritiesFrom(caFile, ca, log);
}

/** Who asks for a data set: the user, or the client whose token it is read with. A token tells nothing that lasts. */
export function principalOf(signIn: SignInConfig, ways: Dataset['signIn']): string {
  const token = signIn.kind === 'basic' ? signIn.token : signIn;
  const byToken = token !== undefined && (signIn.kind !== 'basic' || ways[0] === 'token');
  if (!byToken) return signIn.kind === 'basic' ? signIn.username : signIn.kind;
  if (token.kind === 'token') return token.kind;
  return token.kind === 'identity_provider' ? (token.username ?? token.clientId) : token.clientId;
}
