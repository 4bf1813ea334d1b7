import type { FastifyRequest } from 'fastify';
import { type Deed, note } from '../accounts/audit.ts';
import { actorOf } from './access.ts';
import type { Api } from './context.ts';

/** Writes down what someone had done to the collector; what concerns accounts is noted where it is done. */
export async function audited({ accounts, service }: Api, request: FastifyRequest, deed: Deed): Promise<void> {
  await accounts.store.transaction((tx) => note(tx, actorOf(request), deed, service.clock.now()));
}
