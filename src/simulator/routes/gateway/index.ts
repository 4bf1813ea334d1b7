import type { RestRoute } from '../rest.ts';
import { assetRoutes } from './asset-search.ts';

export const GATEWAY_ROUTES: readonly RestRoute[] = [...assetRoutes];
