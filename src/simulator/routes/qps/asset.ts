/** `/qps/rest/2.0/{search,count,get}/am/asset` (reference, 4): hosts in their short form. */
import { assetIdOf } from '../../world/host.ts';
import { ASSET_FIELDS, assetTree, type ListedHost, listedHosts } from './host-asset.ts';
import type { QpsKind } from './object.ts';

export const asset: QpsKind<ListedHost> = {
  name: '2.0/am/asset',
  element: 'Asset',
  fields: ASSET_FIELDS,
  from: listedHosts,
  idOf: ({ n }) => assetIdOf(n),
  tree: (_call, one) => assetTree(one),
};
