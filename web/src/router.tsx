import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { Shell } from './layout/Shell.tsx';
import { Gate } from './pages/Gate.tsx';
import { NotFound } from './pages/NotFound.tsx';
import { Overview } from './pages/Overview.tsx';

/** Addresses stand behind `#`, so that any server of files can serve the page, and hold the whole state of a page. */
const root = createRootRoute({ component: Gate, notFoundComponent: NotFound });
const first = createRoute({
  getParentRoute: () => root,
  path: '/first/$token',
  component: lazyRouteComponent(() => import('./pages/FirstRun.tsx'), 'FirstRun'),
});
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });

const text = (value: unknown): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : String(value);
/** Search parameters of these names, as texts. */
const texts =
  <Name extends string>(...names: readonly Name[]) =>
  (search: Record<string, unknown>): { [N in Name]?: string } => {
    const given = names.flatMap((name) =>
      text(search[name]) === undefined ? [] : [[name, text(search[name])] as const],
    );
    return Object.fromEntries(given) as { [N in Name]?: string };
  };

const page = shell;
const overview = createRoute({ getParentRoute: () => page, path: '/', component: Overview });
const connections = createRoute({
  getParentRoute: () => page,
  path: '/connections',
  component: lazyRouteComponent(() => import('./pages/Connections.tsx'), 'Connections'),
});
const wizard = createRoute({
  getParentRoute: () => page,
  path: '/connections/new',
  component: lazyRouteComponent(() => import('./wizard/Wizard.tsx'), 'Wizard'),
});
const connection = createRoute({
  getParentRoute: () => page,
  path: '/connections/$id',
  validateSearch: texts('tab'),
  component: lazyRouteComponent(() => import('./connection/ConnectionPage.tsx'), 'ConnectionPage'),
});
const sinks = createRoute({
  getParentRoute: () => page,
  path: '/sinks',
  component: lazyRouteComponent(() => import('./pages/Sinks.tsx'), 'Sinks'),
});
const verify = createRoute({
  getParentRoute: () => page,
  path: '/verify',
  validateSearch: texts('dataset', 'connection', 'content_type', 'index', 'text', 'from', 'to'),
  component: lazyRouteComponent(() => import('./pages/Verify.tsx'), 'Verify'),
});
const settings = createRoute({
  getParentRoute: () => page,
  path: '/settings',
  validateSearch: texts('tab'),
  component: lazyRouteComponent(() => import('./settings/Settings.tsx'), 'Settings'),
});
const explore = createRoute({
  getParentRoute: () => page,
  path: '/explore/$view',
  validateSearch: texts('filter', 'sort', 'columns', 'facets'),
  component: lazyRouteComponent(() => import('./explore/ExplorePage.tsx'), 'ExplorePage'),
});
const asset = createRoute({
  getParentRoute: () => page,
  path: '/assets/$id',
  validateSearch: texts('tab', 'subscription'),
  component: lazyRouteComponent(() => import('./explore/AssetPage.tsx'), 'AssetPage'),
});
const vulnerability = createRoute({
  getParentRoute: () => page,
  path: '/vulnerabilities/$qid',
  component: lazyRouteComponent(() => import('./explore/VulnerabilityPage.tsx'), 'VulnerabilityPage'),
});
const pictures = createRoute({
  getParentRoute: () => page,
  path: '/pictures',
  component: lazyRouteComponent(() => import('./pictures/PicturesPage.tsx'), 'PicturesPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    first,
    shell.addChildren([
      overview,
      connections,
      wizard,
      connection,
      sinks,
      verify,
      settings,
      explore,
      asset,
      vulnerability,
      pictures,
    ]),
  ]),
  history: createHashHistory(),
  defaultPreload: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
