/**
 * One device from its readings: for every field a rule says whose word counts.
 *
 * - `inventory`: the asset inventories before the scanner: hardware, software, cloud, users, tags.
 * - `scanner`: the scanner's lists before the inventories: addresses, names on the network, system, scores.
 * - `latest`, `earliest`: the extreme of all, whoever says it.
 *
 * A reading that says nothing of a field is passed over. One that saw the device last more than 30 days before another
 * did yields to it, so that an inventory left behind does not overrule a scan of yesterday. Readings of one data set go
 * by who saw the device last, then by id. Readings that Qualys no longer has count only where no other is left.
 */
import type { Facts, FieldName } from './facts.ts';
import { NOTHING } from './facts.ts';
import { type Source, sourceName } from './source.ts';

type Rule = 'inventory' | 'scanner' | 'latest' | 'earliest';

const LAST: readonly FieldName[] = [
  ...(['last_seen', 'last_vuln_scan', 'last_compliance_scan', 'last_checked_in', 'last_boot', 'modified'] as const),
];
const SCANNER: readonly FieldName[] = [
  ...(['fqdn', 'netbios', 'ip', 'network', 'os', 'tracking_method', 'criticality', 'risk_score', 'owner'] as const),
  ...(['agent_status', 'comment', 'asset_groups'] as const),
];

export const FIELDS = Object.keys(NOTHING) as readonly FieldName[];

const ruleOf = (field: FieldName): Rule => {
  if (field === 'first_seen') return 'earliest';
  if (LAST.includes(field)) return 'latest';
  return SCANNER.includes(field) ? 'scanner' : 'inventory';
};

const ORDER = {
  inventory: ['assets', 'host_assets', 'host_list', 'host_list_detection'],
  scanner: ['host_list', 'host_list_detection', 'host_assets', 'assets'],
} as const;

const YIELDS_MS = 30 * 86_400_000;

/** Where a field's value is from, and what others say instead. */
export interface Explained {
  readonly field: FieldName;
  readonly rule: Rule;
  readonly value: Facts[FieldName];
  /** Data set and its id: `host_list/107800001`; '' where nobody says anything. */
  readonly source: string;
  /** When that reading was accepted; milliseconds since the epoch. */
  readonly when: number;
  /** Other words of others, in the order they would count. */
  readonly others: readonly { readonly value: Facts[FieldName]; readonly source: string; readonly when: number }[];
}

/** The facts of a device. */
export function merge(sources: readonly Source[]): Facts {
  const orders = ordersOf(sources);
  const merged = Object.fromEntries(
    FIELDS.map((field) => [field, candidates(field, orders)[0]?.facts[field] ?? NOTHING[field]]),
  );
  return merged as unknown as Facts;
}

/** Field by field, whose word counts and who contradicts. */
export function explain(sources: readonly Source[]): Explained[] {
  const orders = ordersOf(sources);
  return FIELDS.map((field) => {
    const said = candidates(field, orders).map((source) => ({
      value: source.facts[field],
      source: sourceName(source),
      when: source.accepted,
    }));
    const first = said[0] ?? { value: NOTHING[field], source: '', when: 0 };
    const text = JSON.stringify(first.value);
    return { field, rule: ruleOf(field), ...first, others: said.filter(({ value }) => JSON.stringify(value) !== text) };
  });
}

/** Readings that count, by rule. */
function ordersOf(sources: readonly Source[]): Record<keyof typeof ORDER, readonly Source[]> {
  const present = sources.filter(({ removed }) => removed === '');
  const counting = present.length > 0 ? present : sources;
  const newest = Math.max(...counting.map(({ facts }) => facts.last_seen));
  const late = ({ facts }: Source): number => (facts.last_seen < newest - YIELDS_MS ? 1 : 0);
  const by = (order: readonly string[]): readonly Source[] =>
    [...counting].sort(
      (a, b) =>
        late(a) - late(b) ||
        order.indexOf(a.dataset) - order.indexOf(b.dataset) ||
        b.facts.last_seen - a.facts.last_seen ||
        a.id - b.id,
    );
  return { inventory: by(ORDER.inventory), scanner: by(ORDER.scanner) };
}

/** Those who say something of a field, the one that counts first. */
function candidates(field: FieldName, orders: ReturnType<typeof ordersOf>): Source[] {
  const rule = ruleOf(field);
  const order = orders[rule === 'inventory' ? 'inventory' : 'scanner'];
  const said = order.filter(({ facts }) => {
    const value = facts[field];
    return Array.isArray(value) ? value.length > 0 : value !== '' && value !== 0;
  });
  if (rule !== 'latest' && rule !== 'earliest') return said;
  const sign = rule === 'latest' ? -1 : 1;
  return said.sort((a, b) => sign * ((a.facts[field] as number) - (b.facts[field] as number)));
}
