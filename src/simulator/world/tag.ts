import { ALL_TAGS, ASSET_GROUPS, type Tag } from './catalogue.ts';
import { dice, hash, hex, int, pick } from './random.ts';
import { DAY } from './time.ts';

/** What the tag list tells beyond id and name; times in milliseconds since 1970. */
export interface TagFacts extends Tag {
  readonly parentId: number | undefined;
  readonly created: number;
  readonly modified: number;
  readonly color: string;
  readonly ruleType: string | undefined;
  readonly ruleText: string | undefined;
  readonly description: string | undefined;
  readonly criticality: number | undefined;
  readonly assetGroupId: number | undefined;
}

const RULES = [
  ['OS_REGEX', 'Windows Server \\d{4}'],
  ['NAME_CONTAINS', 'srv-'],
  ['NETWORK_RANGE', '10.0.0.0-10.0.255.255'],
  ['GROOVY', 'if (asset.getAssetType() != Asset.AssetType.HOST) return false;\nreturn asset.isUp() && !asset.isNew();'],
  ['CLOUD_ASSET', 'aws.tag.env:"prod"'],
] as const;

/** All tags in ascending id. Each is edited every one to four months. */
export function tagFacts(seed: number, epoch: number, t: number): readonly TagFacts[] {
  return [...ALL_TAGS]
    .sort((a, b) => a.id - b.id)
    .map((tag, at, all) => {
      const d = dice(hash(seed, tag.id, 0x7a65));
      const created = epoch - int(d, 200, 900) * DAY;
      const edit = int(d, 30, 120) * DAY;
      const rule = int(d, 0, 2) === 0 ? undefined : pick(d, RULES);
      return {
        ...tag,
        parentId: at % 4 === 3 ? all[at - 1]!.id : undefined,
        created,
        modified: created + Math.max(0, Math.floor((t - created) / edit)) * edit,
        color: `#${hex(d, 6).toUpperCase()}`,
        ruleType: rule?.[0],
        ruleText: rule?.[1],
        description: int(d, 0, 3) === 0 ? 'Angelegt für Prüfung & Betrieb' : undefined,
        criticality: int(d, 0, 2) === 0 ? int(d, 1, 5) : undefined,
        assetGroupId: rule === undefined && int(d, 0, 1) === 0 ? pick(d, ASSET_GROUPS).id : undefined,
      };
    });
}
