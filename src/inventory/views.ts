/**
 * The catalogue of views: what can be asked of the inventory. Queries, exports, the API and the page know nothing of
 * tables; they take names, types and SQL from here. Names are stable.
 */
import { devices, installations, interfaces, ports, software } from './views/devices.ts';
import { exposures, findings, history, vulnerabilities } from './views/findings.ts';
import {
  addressRanges,
  appliances,
  assetGroups,
  certificates,
  compliance,
  fimEvents,
  fimIncidents,
  roles,
  saasApplications,
  tags,
  tickets,
  users,
  webappFindings,
  webapps,
} from './views/objects.ts';
import type { View, ViewContext } from './views/view.ts';

export type { ColumnType, View, ViewColumn, ViewContext } from './views/view.ts';

/** Every view by name, in the order a list shows them. */
export function viewsOf(context: ViewContext): ReadonlyMap<string, View> {
  const all: readonly View[] = [
    ...[devices(context), findings(context), vulnerabilities(context), exposures(context), history()],
    ...[software(context), installations(context), ports(context), interfaces(context)],
    ...[users(context), roles(context), saasApplications(), tickets(), certificates(context)],
    ...[webapps(), webappFindings(), compliance(), fimEvents(), fimIncidents()],
    ...[appliances(), tags(), assetGroups(), addressRanges()],
  ];
  return new Map(all.map((view) => [view.name, view]));
}
