import { compliance, controls, policies } from './compliance.ts';
import { appliances, assetGroups, ips, tags } from './estate.ts';
import { fimEvents, fimIncidents } from './integrity.ts';
import type { ObjectKind } from './object.ts';
import { tickets, users } from './people.ts';
import { certificates, webappFindings, webapps } from './web.ts';

/** Everything that is folded one row an object. */
export const OBJECT_KINDS: readonly ObjectKind[] = [
  ...[users, tickets, certificates, webapps, webappFindings, compliance, policies, controls],
  ...[fimEvents, fimIncidents, appliances, tags, assetGroups, ips],
];
