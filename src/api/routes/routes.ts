import type { Routes } from '../context.ts';
import { auditRoutes } from './audit.ts';
import { catalogueRoutes } from './catalogue.ts';
import { chartRoutes } from './charts.ts';
import { configurationRoutes } from './configuration.ts';
import { connectionRoutes } from './connections.ts';
import { deviceRoutes } from './devices.ts';
import { eventRoutes } from './events.ts';
import { exportRoutes } from './exports.ts';
import { inventoryRoutes } from './inventory.ts';
import { liveRoutes } from './live.ts';
import { opsRoutes } from './ops.ts';
import { outboxRoutes } from './outbox.ts';
import { overviewRoutes } from './overview.ts';
import { pullRoutes } from './pulls.ts';
import { quarantineRoutes } from './quarantine.ts';
import { savedQueryRoutes } from './saved-queries.ts';
import { sessionRoutes } from './session.ts';
import { signOnRoutes } from './sign-on.ts';
import { sinkRoutes } from './sinks.ts';
import { streamRoutes } from './streams.ts';
import { testRoutes } from './tests.ts';
import { tokenRoutes } from './tokens.ts';
import { userRoutes } from './users.ts';
import { workerRoutes } from './workers.ts';

/** All families of routes. */
export const ROUTES: readonly Routes[] = [
  opsRoutes,
  sessionRoutes,
  signOnRoutes,
  userRoutes,
  tokenRoutes,
  auditRoutes,
  savedQueryRoutes,
  catalogueRoutes,
  overviewRoutes,
  workerRoutes,
  connectionRoutes,
  configurationRoutes,
  testRoutes,
  streamRoutes,
  pullRoutes,
  quarantineRoutes,
  sinkRoutes,
  outboxRoutes,
  eventRoutes,
  liveRoutes,
  inventoryRoutes,
  deviceRoutes,
  chartRoutes,
  exportRoutes,
];
