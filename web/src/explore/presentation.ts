import type { View } from '../api/types.ts';

interface Presentation {
  readonly columns: readonly string[];
  readonly facets: readonly string[];
  readonly sort?: string;
}

/** How well-known views look before anybody chooses; a view that is not here shows its first columns. */
const KNOWN: Readonly<Record<string, Presentation>> = {
  devices: {
    columns: ['name', 'ip', 'os', 'criticality', 'open_findings', 'open_critical', 'last_seen', 'agent_status', 'tags'],
    facets: ['os_category', 'tags', 'cloud_provider', 'tracking_method', 'agent_status', 'sources'],
    sort: '-open_critical',
  },
  findings: {
    columns: [
      'severity',
      'title',
      'qid',
      'device_name',
      'device_ip',
      'status',
      'qds',
      'port',
      'age_days',
      'last_found',
    ],
    facets: ['severity', 'status', 'type', 'is_open', 'overdue', 'patchable', 'category', 'tags'],
    sort: '-severity',
  },
  vulnerabilities: {
    columns: ['severity', 'qid', 'title', 'cves', 'category', 'open_devices', 'devices', 'patchable', 'published'],
    facets: ['severity', 'type', 'category', 'patchable', 'pci'],
    sort: '-severity',
  },
  exposures: {
    columns: ['cve', 'severity', 'qid', 'device_name', 'device_ip', 'qds', 'first_found', 'last_found'],
    facets: ['severity', 'cve', 'status', 'type'],
    sort: '-severity',
  },
  software: {
    columns: ['name', 'version', 'publisher', 'category', 'lifecycle', 'devices'],
    facets: ['lifecycle', 'category'],
    sort: '-devices',
  },
  certificates: {
    columns: ['name', 'issuer', 'valid_to', 'is_expired', 'self_signed', 'key_size', 'grades', 'assets'],
    facets: ['is_expired', 'self_signed', 'issuer_category', 'grades', 'signature'],
    sort: 'valid_to',
  },
};
const FIRST_COLUMNS = 9;
const FIRST_FACETS = 5;
const OWNER = new Set(['tenant', 'subscription']);

export function presentationOf(view: View): Presentation {
  const names = new Set(view.columns.map(({ name }) => name));
  const known = KNOWN[view.name];
  const usual = view.columns.filter(({ name }) => !OWNER.has(name) && !/^(is_removed|removed_)/.test(name));
  if (known === undefined)
    return {
      columns: usual.slice(0, FIRST_COLUMNS).map(({ name }) => name),
      facets: usual
        .filter(
          ({ type, searchable, name }) =>
            type === 'boolean' ||
            name === 'severity' ||
            (type === 'text' && !searchable && !/id$|^(device|hash|instance)/.test(name)),
        )
        .slice(0, FIRST_FACETS)
        .map(({ name }) => name),
    };
  return {
    ...known,
    columns: known.columns.filter((name) => names.has(name)),
    facets: known.facets.filter((name) => names.has(name)),
  };
}

const WIDTHS: Readonly<Record<string, number>> = { text: 170, number: 110, time: 130, boolean: 100, list: 200 };
const WIDE = /^(title|path|url|dn|control|policy|statement)$/;
export const widthOf = (name: string, type: string): number =>
  WIDE.test(name) ? 320 : name === 'severity' ? 130 : Math.max(WIDTHS[type] ?? 150, name.length * 9 + 40);
