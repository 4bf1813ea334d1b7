/**
 * The collector's port: what the command line and the API may ask of the rooms behind it. Looking works beside a
 * running collector, and so does delivery again (`beside`); what changes streams needs the data directory to itself.
 */
export { presets } from '../datasets/presets.ts';
export { permissionRecipe } from '../datasets/recipe.ts';
export { datasets } from '../datasets/registry.gen.ts';
export { copyBodies } from '../outbox/bodies.ts';
export { discardHeld } from '../outbox/held-sweeps.ts';
export { continueNumbers } from '../outbox/numbers.ts';
export type { Outbox } from '../outbox/outbox.ts';
export {
  countParked,
  discardParked,
  listParked,
  type ParkedEvent,
  type ParkedFilter,
  retryParked,
} from '../outbox/parked.ts';
export { appendedByHour, countPulls, lastCompleted, listPulls, type PullRow, pullOf } from '../outbox/pulls.ts';
export { listQuarantined, retrySoon } from '../outbox/quarantine.ts';
export { type Replay, type Replayed, replay } from '../outbox/replay.ts';
export { circuitOf, listSinks, type SinkState } from '../outbox/sink-state.ts';
export { listStreams, resetStream, type StreamState } from '../outbox/streams.ts';
export { exportState, type Imported, importState } from '../outbox/transfer.ts';
export { type Defect, verifyCounters } from '../outbox/verify.ts';
export { PLATFORMS, platformByLogin, platformByUrl, resolveAddress } from '../qualys/platforms.ts';
export { sinks } from '../sinks/registry.gen.ts';
export { addressKey, addressOf } from './check/address.ts';
export { type Checked, checkConnection } from './check/check.ts';
export { curlOf } from './check/curl.ts';
export { type Described, describe } from './check/describe.ts';
export { readOnce } from './check/one-shot.ts';
export type { ApiCost, PlanCost, StreamCost } from './check/plan-cost.ts';
export { planOf, savedBudgets } from './check/plan-state.ts';
export {
  listRetained,
  newestOf,
  newestPlace,
  type Place,
  type RetainedEvent,
  retainedEvent,
} from './deliver/retained.ts';
export { leads, routesTo, takes } from './deliver/routing.ts';
export { samplePayload } from './deliver/sample.ts';
export { trySink } from './deliver/try-sink.ts';
export { inventoryStore, titleOf } from './fold/consumer.ts';
export {
  type Coverage,
  completeReadings,
  coverage,
  inventoryWaiting,
  spaceName,
  withoutRecords,
} from './fold/coverage.ts';
export { confirmSweep, type HeldSweepShown, heldSweeps } from './fold/held-sweep.ts';
export { rebuildInventory } from './fold/rebuild.ts';
export { openOutbox, outboxLocation } from './open-outbox.ts';
export { askBackfill, canBackfill, noBackfill } from './pull/backfill.ts';
export type { LogLine, Numbered, Recent } from './recent.ts';
export type { Budget, LiveEvent, LiveStream, Service } from './service.ts';
export { STATUS_WORDS, type Status, statusOf } from './status.ts';
export { type LeaseShown, listWorkers, unpulled, type WorkerShown } from './work/workers.ts';
