import { z } from 'zod';
import { defineDataset } from './define.ts';
import { byLastId } from './paging.ts';
import { qpsCount, qpsFormat, qpsSearch } from './qps.ts';

const OBJECT = { version: '2.0', name: 'am/tag' };

export default defineDataset({
  name: 'tags',
  aliases: [],
  title: 'Asset tags',
  about: 'Every asset tag with its rule, colour, criticality and place in the tree of tags.',
  kind: 'entity',
  options: z.object({}),
  format: qpsFormat(
    'Tag',
    [
      'id',
      'name',
      'parentTagId',
      'created',
      'modified',
      'color',
      'ruleType',
      'ruleText',
      'description',
      'criticalityScore',
      'srcAssetGroupId',
      'srcBusinessUnitId',
      'provider',
      'reEvalStatus',
      'children',
    ],
    ['children/list/TagSimple'],
  ),
  key: [{ from: 'record', field: 'id' }],
  order: 'id',
  paging: byLastId,
  // No filter by time is documented; tags are a few thousand at most.
  incremental: false,
  noise: [],
  unordered: ['children'],
  version: 'modified',
  time: ['modified', 'created'],
  records: (_, ask) => qpsSearch(OBJECT, ask, []),
  overlapMs: 0,
  scope: () => '',
  schedule: { every: 3_600_000 },
  pageSize: 1000,
  fields: {
    id: { type: 'integer', about: 'Qualys id of the tag, ascending in answers.' },
    name: { type: 'text', about: 'Name; unique among tags with one parent.' },
    parentTagId: { type: 'integer', about: 'Id of the tag above; absent at the top.' },
    created: { type: 'date-time', about: 'When it was made, UTC.' },
    modified: { type: 'date-time', about: 'Last change of the tag itself, UTC.' },
    color: { type: 'text', about: 'Colour as #RRGGBB.' },
    ruleType: { type: 'text', about: 'STATIC (often absent), GROOVY, OS_REGEX, NETWORK_RANGE, CLOUD_ASSET …' },
    ruleText: { type: 'text', about: 'The rule of a dynamic tag.', sensitive: true },
    criticalityScore: { type: 'integer', about: 'Criticality it gives to assets, 1 to 5.' },
    children: { type: 'object', about: 'Tags below: list.TagSimple of id and name.' },
  },
  permission: {
    roles: 'Managers see all tags; others, with API Access and the tagging permission, those in their scope.',
    licence: 'Any subscription with AssetView or Global AssetView.',
  },
  signIn: ['basic', 'token'],
  probe: () => qpsCount(OBJECT, []),
  destinations: {
    devo: 'my.app.qualys.tags',
    interflow: 'qualys_tags',
    elastic: 'qualys.tag',
    ocsf: 'entity_management',
  },
  example: {
    id: '7517812',
    name: 'Production',
    created: '2019-03-04T13:12:30Z',
    modified: '2019-03-07T13:37:02Z',
    color: '#FF0000',
    ruleType: 'NETWORK_RANGE',
    ruleText: '10.0.0.0/8',
  },
  links: ['https://cdn2.qualys.com/docs/qualys-asset-management-tagging-api-v2-user-guide.pdf'],
});
