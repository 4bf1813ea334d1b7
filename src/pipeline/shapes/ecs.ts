import type { Fields } from '../../core/words.ts';
import type { EcsDocument } from './ecs/document.ts';
import { DOCUMENTS } from './ecs/documents.ts';
import { hostPart } from './ecs/host.ts';
import { fieldNames } from './ecs/names.ts';
import { provenance, type ShapedEvent, type ShapeFacts, timeOf } from './event.ts';
import { findingOf } from './finding.ts';
import { hostOf } from './host.ts';
import { said } from './values.ts';

/** The version of the Elastic Common Schema the fields are of. */
export const ECS_VERSION = '8.17.0';

/**
 * An event as a document of the Elastic Common Schema, in a data stream `logs-<dataset>-<namespace>`. The record stands
 * under Elastic's own names where Elastic has an integration for it (`qualys_vmdr.asset_host_detection` …), so that
 * Kibana's dashboards find it, and under the data set's name elsewhere; blank values are left out.
 */
export function ecs(event: ShapedEvent, facts: ShapeFacts): Record<string, unknown> {
  const dataset = facts.destinations?.elastic ?? `qualys.${facts.dataset}`;
  const [module = 'qualys', stream = facts.dataset] = dataset.split('.');
  const host = hostOf(facts.dataset, event.record);
  const finding = findingOf(event, facts);
  const own: EcsDocument = DOCUMENTS.get(facts.dataset)?.(event, { facts, host, finding }) ?? {};
  const document = own.document ?? {};
  const shared = hostPart(host);
  return said({
    '@timestamp': new Date(timeOf(event, facts)).toISOString(),
    ecs: { version: ECS_VERSION },
    data_stream: { type: 'logs', dataset, namespace: facts.options.namespace ?? 'default' },
    ...shared,
    ...document,
    event: said({
      kind: 'state',
      category: ['host'],
      type: ['info'],
      ...own.event,
      ...(event.change === 'removed' ? { type: ['deletion'] } : {}),
      id: own.event?.['id'] ?? event.id,
      dataset,
      module,
      created: new Date(facts.pulledAt).toISOString(),
      reason: event.reason,
    }),
    related: related(shared['related'], document['related']),
    organization: { name: facts.tenant },
    observer: {
      vendor: OBSERVERS.get(module) ?? 'Qualys',
      ...(own.product === undefined ? {} : { product: own.product }),
    },
    tags: ['forwarded', `${module}-${stream}`, ...(event.flags ?? [])],
    quarry: provenance(event, facts),
    [module]: said({ [stream]: own.vendor ?? fieldNames(event.record) }),
  });
}

const OBSERVERS: ReadonlyMap<string, string> = new Map([['qualys_vmdr', 'Qualys VMDR']]);

/** Two sets of related values as one. */
function related(a: unknown, b: unknown): Record<string, unknown> {
  const both = { ...(a as Fields), ...(b as Fields) };
  for (const name of Object.keys(both)) {
    const all = [(a as Fields | undefined)?.[name], (b as Fields | undefined)?.[name]]
      .flat()
      .filter((one) => one !== undefined);
    (both as Record<string, unknown>)[name] = [...new Set(all)];
  }
  return both;
}
