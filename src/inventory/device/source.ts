import type { Fields } from '../../core/words.ts';
import type { Origin } from '../event.ts';
import { readAsset } from './asset.ts';
import type { Facts, Ids, Reading } from './facts.ts';
import { readHost } from './host.ts';
import { readHostAsset } from './host-asset.ts';

/** The data sets devices are made of, and how a record of each is read. */
export const DEVICE_SOURCES = {
  host_list: readHost,
  host_list_detection: readHost,
  host_assets: readHostAsset,
  assets: readAsset,
} as const satisfies Record<string, (record: Fields) => Reading | undefined>;

export type SourceName = keyof typeof DEVICE_SOURCES;

/** What one data set says of one machine; `id` is its own id there: the host id or the asset id. */
export interface Source extends Origin, Ids {
  readonly dataset: SourceName;
  readonly id: number;
  /** Why it is no longer there, '' while it is; when that was found. */
  readonly removed: string;
  readonly removed_at: number;
  /** When it was accepted last while it was there, of what is gone; 0 while it is there. */
  readonly returned: number;
  readonly facts: Facts;
  /** The device it was folded into; '' before it was. */
  readonly device: string;
}

export const sourceName = ({ dataset, id }: Pick<Source, 'dataset' | 'id'>): string => `${dataset}/${id}`;
