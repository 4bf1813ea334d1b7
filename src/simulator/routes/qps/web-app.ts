/**
 * `/qps/rest/3.0/{search,count,get}/was/webapp` (reference, 6.1; recorded samples). A search tells little, `get` all;
 * the elements that only `get` has follow the documentation's list, not a sample.
 */
import { stamp } from '../../world/time.ts';
import { type WebApp, webApps } from '../../world/web.ts';
import type { QpsKind } from './object.ts';
import { countedList, type Tree } from './tree.ts';

export const webApp: QpsKind<WebApp> = {
  name: '3.0/was/webapp',
  element: 'WebApp',
  fields: {
    id: { kind: 'integer', of: ({ id }) => id },
    name: { kind: 'text', of: ({ name }) => name },
    url: { kind: 'text', of: ({ url }) => url },
    tags: { kind: 'keyword', of: ({ tags }) => tags.map(({ name }) => name) },
    'tags.name': { kind: 'text', of: ({ tags }) => tags.map(({ name }) => name) },
    'tags.id': { kind: 'integer', of: ({ tags }) => tags.map(({ id }) => id) },
    createdDate: { kind: 'date', of: ({ created }) => created },
    updatedDate: { kind: 'date', of: ({ updated }) => updated },
    isScheduled: { kind: 'boolean', of: ({ k }) => k % 2 === 0 },
    isScanned: { kind: 'boolean', of: ({ scanned }) => scanned !== undefined },
    'lastScan.status': { kind: 'keyword', of: ({ scanned }) => (scanned === undefined ? undefined : 'FINISHED') },
    'lastScan.date': { kind: 'date', of: ({ scanned }) => scanned },
  },
  from: ({ world, now }, id) => webApps(world, now, id),
  idOf: ({ id }) => id,
  tree: (_call, app, detail) => (detail === 'get' ? whole(app) : thin(app)),
};

export const tagList = (app: WebApp): Tree[] => app.tags.map(({ id, name }) => ({ id, name: { cdata: name } }));

function thin(app: WebApp): Tree {
  return {
    id: app.id,
    name: { cdata: app.name },
    url: { cdata: app.url },
    riskScore: app.riskScore,
    owner: { id: app.ownerId },
    tags: countedList('Tag', tagList(app)),
    createdDate: stamp(app.created),
    updatedDate: stamp(app.updated),
  };
}

function whole(app: WebApp): Tree {
  const user = {
    id: app.ownerId,
    username: 'quarry_sim',
    firstName: { cdata: 'Renée' },
    lastName: { cdata: "O'Neil" },
  };
  return {
    id: app.id,
    name: { cdata: app.name },
    url: { cdata: app.url },
    os: app.host.os,
    riskScore: app.riskScore,
    owner: user,
    scope: 'ALL',
    attributes: countedList(
      'Attribute',
      app.k % 3 === 0 ? [{ category: 'Business Function', value: { cdata: 'Vente & après-vente' } }] : [],
    ),
    defaultScanner: { type: 'EXTERNAL' },
    scannerLocked: false,
    progressiveScanning: 'DISABLED',
    urlExcludelist: countedList('UrlEntry', []),
    urlAllowlist: countedList('UrlEntry', []),
    postDataExcludelist: countedList('UrlEntry', []),
    authRecords: countedList('WebAppAuthRecord', []),
    useRobots: 'IGNORE',
    useSitemap: false,
    malwareMonitoring: app.k % 4 === 0,
    tags: countedList('Tag', tagList(app)),
    comments: countedList('Comment', []),
    isScheduled: app.k % 2 === 0,
    lastScan:
      app.scanned === undefined
        ? undefined
        : {
            id: app.id * 100 + app.scan,
            name: { cdata: `Weekly scan ${app.name}` },
            summary: { resultsStatus: 'SUCCESSFUL', authStatus: 'NONE' },
          },
    createdBy: user,
    createdDate: stamp(app.created),
    updatedBy: user,
    updatedDate: stamp(app.updated),
  };
}
