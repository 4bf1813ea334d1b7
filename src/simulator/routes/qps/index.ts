import type { RestRoute } from '../rest.ts';
import { asset } from './asset.ts';
import { finding } from './finding.ts';
import { hostAsset } from './host-asset.ts';
import { qpsRoutes } from './object.ts';
import { portalVersion } from './portal-version.ts';
import { tag } from './tag.ts';
import { user } from './user.ts';
import { webApp } from './web-app.ts';

export const QPS_ROUTES: readonly RestRoute[] = [
  portalVersion,
  ...qpsRoutes(hostAsset),
  ...qpsRoutes(asset),
  ...qpsRoutes(tag),
  ...qpsRoutes(user),
  ...qpsRoutes(webApp),
  ...qpsRoutes(finding),
];
