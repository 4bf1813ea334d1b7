/** `/qps/rest/2.0/{search,count,get}/am/tag` (reference, 5). No field tells when a tag changed: clients take them all. */
import { type TagFacts, tagFacts } from '../../world/tag.ts';
import { stamp } from '../../world/time.ts';
import type { QpsKind } from './object.ts';
import { listOf } from './tree.ts';

export const tag: QpsKind<TagFacts> = {
  name: '2.0/am/tag',
  element: 'Tag',
  fields: {
    id: { kind: 'integer', of: ({ id }) => id },
    name: { kind: 'text', of: ({ name }) => name },
    parent: { kind: 'integer', of: ({ parentId }) => parentId },
    ruleType: { kind: 'keyword', of: ({ ruleType }) => ruleType },
    provider: { kind: 'keyword', of: () => undefined },
    color: { kind: 'text', of: ({ color }) => color },
  },
  from: ({ world, now }, id) => tagFacts(world.seed, world.epoch, now).filter((one) => one.id >= id),
  idOf: ({ id }) => id,
  tree: ({ world, now }, one) => {
    const children = tagFacts(world.seed, world.epoch, now).filter(({ parentId }) => parentId === one.id);
    return {
      id: one.id,
      name: one.name,
      parentTagId: one.parentId,
      created: stamp(one.created),
      modified: stamp(one.modified),
      color: one.color,
      ruleText: one.ruleText,
      ruleType: one.ruleType,
      description: one.description,
      srcAssetGroupId: one.assetGroupId,
      criticalityScore: one.criticality,
      children: listOf(
        'TagSimple',
        children.map(({ id, name }) => ({ id, name })),
      ),
    };
  },
};
