import { datasets } from '../../datasets/registry.gen.ts';
import type { Outlived } from '../../outbox/delivery.ts';

/** Settled batches that are not current any more are kept a week: long enough to replay what a consumer lost over a weekend. */
export const RETENTION_MS = 7 * 86_400_000;

/** Removals older than this (epoch ms) may be forgotten: whoever is fed from older bodies must not take them for what is there. */
export const outlivedBy = (before: number): Outlived => ({
  before,
  of: ({ dataset }) => datasets.get(dataset)?.kind === 'entity',
});
