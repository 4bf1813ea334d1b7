import { z } from 'zod';
import type { Ask, Call } from '../core/dataset.ts';
import { params } from './define.ts';

/** Numbers and ranges of them as Qualys takes them, separated by commas; a list becomes that. */
export const ranges = (item: RegExp) =>
  z.union([
    z.string().regex(new RegExp(`^${item.source}(,${item.source})*$`)),
    z
      .array(z.string().regex(new RegExp(`^${item.source}$`)))
      .min(1)
      .transform((items) => items.join(',')),
  ]);

/**
 * Options that choose hosts: the same on the host list and on host list detection, since Qualys takes the same
 * parameters on both. Together they are the scope.
 */
export const hostFilters = {
  tags_include: z
    .array(z.string().min(1))
    .meta({ description: 'Only hosts with one of these asset tags (by name).' })
    .optional(),
  tags_exclude: z
    .array(z.string().min(1))
    .meta({ description: 'No hosts with one of these asset tags (by name).' })
    .optional(),
  ips: z
    .union([
      z.string(),
      z
        .array(z.string().min(1))
        .min(1)
        .transform((items) => items.join(',')),
    ])
    .meta({ description: 'Only these addresses: 10.0.0.1-10.0.0.255,10.1.2.3; or a list.' })
    .optional(),
  network_ids: z.array(z.string()).meta({ description: 'Only hosts of these networks.' }).optional(),
  asset_group_ids: z.array(z.string()).meta({ description: 'Only hosts of these asset groups.' }).optional(),
};

const schema = z.object(hostFilters);
type HostFilters = z.output<typeof schema>;

/** The filters as request parameters. Tag names are sent by name; several are any-of. */
export function hostFilterParams(options: HostFilters): Record<string, string> {
  const { tags_include: include, tags_exclude: exclude } = options;
  const tagged = include !== undefined || exclude !== undefined;
  return params({
    use_tags: tagged ? '1' : undefined,
    tag_set_by: tagged ? 'name' : undefined,
    tag_include_selector: include === undefined ? undefined : 'any',
    tag_exclude_selector: exclude === undefined ? undefined : 'any',
    tag_set_include: include?.join(','),
    tag_set_exclude: exclude?.join(','),
    ips: options.ips,
    network_ids: options.network_ids?.join(','),
    ag_ids: options.asset_group_ids?.join(','),
  });
}

/** Range and page size as request parameters. `id_min` is inclusive; truncation counts hosts. */
export function hostPageParams(ask: Ask): Record<string, string> {
  return params({
    id_min: ask.range === undefined ? undefined : String(ask.range.first),
    id_max: ask.range?.last == null ? undefined : String(ask.range.last),
    truncation_limit: String(ask.pageSize),
  });
}

/** The scope as text: equal exactly when the same hosts are asked for. */
export const hostScope = (options: HostFilters): string => JSON.stringify(hostFilterParams(options));

/** Host list and everything about hosts: 5.0 is current; 4.0 passed End of Support in December 2025 and may be gone. */
export const HOST_API_VERSIONS = ['5.0', '4.0'];
export const HOST_LIST_API = 'asset/host';
export const HOST_LIST_PATH = '/api/{version}/fo/asset/host/';

/** The ids of all hosts in scope, in one answer: an ID_SET is small even for a million hosts. */
export function hostIds(options: HostFilters, ask: Ask): Call {
  return {
    api: HOST_LIST_API,
    path: HOST_LIST_PATH,
    versions: HOST_API_VERSIONS,
    method: 'POST',
    params: {
      action: 'list',
      details: 'None',
      ...hostFilterParams(options),
      ...hostPageParams({ ...ask, pageSize: 0 }),
    },
  };
}
