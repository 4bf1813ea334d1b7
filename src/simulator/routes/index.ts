import { about } from './about.ts';
import { activityLog } from './activity-log.ts';
import { applianceList } from './appliance-list.ts';
import { assetGroup } from './asset-group.ts';
import { complianceScanList } from './compliance-scan-list.ts';
import { controlList } from './control-list.ts';
import { hostDetection } from './host-detection.ts';
import { hostList } from './host-list.ts';
import { ipList } from './ip-list.ts';
import { knowledgeBase } from './knowledge-base.ts';
import { policyList } from './policy-list.ts';
import { postureList } from './posture-list.ts';
import { reportList } from './report-list.ts';
import type { Route } from './route.ts';
import { scan } from './scan.ts';
import { ticketList } from './ticket-list.ts';
import { userList } from './user-list.ts';

/** Every endpoint but the session, which belongs to signing in. */
export const ROUTES: readonly Route[] = [
  about,
  hostList,
  hostDetection,
  activityLog,
  scan,
  knowledgeBase,
  ipList,
  assetGroup,
  reportList,
  ticketList,
  userList,
  applianceList,
  complianceScanList,
  controlList,
  policyList,
  postureList,
];

export interface RouteMatch {
  readonly route: Route;
  /** `5.0`; empty for paths without one. */
  readonly version: string;
}

/** What Qualys makes of a path: a route, a 301 because only the slash is missing, or nothing. */
export function matchRoute(path: string): RouteMatch | 'slash' | undefined {
  const version = /^\/api\/(\d+\.\d+)\//.exec(path)?.[1] ?? '';
  const plain = version === '' ? path : path.replace(`/api/${version}/`, '/api/{version}/');
  for (const route of ROUTES) {
    if (route.path === plain && (version === '' || route.versions.includes(version))) return { route, version };
    if (route.path === `${plain}/`) return 'slash';
  }
  return undefined;
}
