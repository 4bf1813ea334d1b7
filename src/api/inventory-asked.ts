import type { FastifyRequest } from 'fastify';
import { completeReadings, inventoryStore } from '../collector/port.ts';
import { QuarryError } from '../core/errors.ts';
import type { Asked } from '../inventory/query/query.ts';
import { type View, viewsOf } from '../inventory/views.ts';
import { whoAsks } from './access.ts';
import type { Api } from './context.ts';

/** The inventory as who asks may see it, under the configured policy. */
export async function asked({ service, look }: Pick<Api, 'service' | 'look'>, request: FastifyRequest): Promise<Asked> {
  const { clock } = service;
  const { tenants } = whoAsks(request);
  const { inventory: policy } = service.config();
  const now = clock.now();
  const context = { policy, now, readings: await completeReadings(look, policy, now) };
  return { store: inventoryStore(look), context, ...(tenants === '*' ? {} : { tenants }) };
}

/** A view by its name. Throws QRY8033. */
export function viewNamed({ context }: Asked, name: string): View {
  const view = viewsOf(context).get(name.replaceAll('-', '_'));
  if (view === undefined) throw new QuarryError('QRY8033', { what: `There is no view ${name}.` });
  return view;
}

/** A text as a value of a query. */
export const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
