import type { Routes } from '../context.ts';
import { connectionRoutes } from './connections.ts';
import { opsRoutes } from './ops.ts';
import { sessionRoutes } from './session.ts';

/** All families of routes. */
export const ROUTES: readonly Routes[] = [opsRoutes, sessionRoutes, connectionRoutes];
