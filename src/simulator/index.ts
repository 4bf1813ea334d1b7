/** The simulator: a Qualys that fits in a test and scales to a million hosts. Guide: docs/guide/simulator.md. */
export type { ActivityLog, ActivityRow } from './activity-log.ts';
export { CONTROL_ENDPOINTS } from './control.ts';
export type { CallRecord, Counters } from './counters.ts';
export { FAULT_GROUPS, FAULTS, type FaultFacts, type FaultName, type FaultSetting, parseFault } from './faults.ts';
export { LEVELS, type Level, type Limits } from './limits.ts';
export { startSimulator } from './server.ts';
export type { SimulatorUser } from './signin.ts';
export { DEFAULT_USER, type Simulator, type SimulatorOptions } from './simulator.ts';
export { DEFAULT_CLIENT, type SimulatorClient } from './tokens.ts';
export { truthLines, writeTruth } from './truth.ts';
export { createWorld, DEFAULT_EPOCH, type World, type WorldOptions } from './world/world.ts';
