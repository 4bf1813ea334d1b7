import type { RestRoute } from '../rest.ts';
import { assetRoutes } from './asset-search.ts';
import { certificateRoutes } from './certificates.ts';
import { eventRoutes } from './fim-events.ts';
import { incidentRoutes } from './fim-incidents.ts';

/** FIM answers with and without `/fim` before its paths: documentation and clients differ. */
export const GATEWAY_ROUTES: readonly RestRoute[] = [
  ...assetRoutes,
  ...certificateRoutes,
  ...['/fim', ''].flatMap((base) => [...eventRoutes(base), ...incidentRoutes(base)]),
];
