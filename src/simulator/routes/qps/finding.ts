/**
 * `/qps/rest/3.0/{search,count,get}/was/finding` (reference, 6.2). Only `verbose=true`, or `get`, tells the tags of the
 * application, the classifications and the requests that found it.
 */
import { stamp } from '../../world/time.ts';
import { type Finding, findings } from '../../world/web.ts';
import type { QpsKind } from './object.ts';
import { countedList, type Tree } from './tree.ts';
import { tagList } from './web-app.ts';

export const finding: QpsKind<Finding> = {
  name: '3.0/was/finding',
  element: 'Finding',
  fields: {
    id: { kind: 'integer', of: ({ id }) => id },
    uniqueId: { kind: 'keyword', of: ({ uniqueId }) => uniqueId },
    qid: { kind: 'integer', of: ({ vulnerability }) => vulnerability.qid },
    name: { kind: 'text', of: ({ vulnerability }) => vulnerability.title },
    type: { kind: 'keyword', of: ({ type }) => type },
    url: { kind: 'text', of: ({ url }) => url },
    'webApp.id': { kind: 'integer', of: ({ app }) => app.id },
    'webApp.name': { kind: 'text', of: ({ app }) => app.name },
    'webApp.tags.id': { kind: 'integer', of: ({ app }) => app.tags.map(({ id }) => id) },
    'webApp.tags.name': { kind: 'text', of: ({ app }) => app.tags.map(({ name }) => name) },
    status: { kind: 'keyword', of: ({ status }) => status },
    patch: { kind: 'integer', of: () => undefined },
    severity: { kind: 'integer', of: ({ vulnerability }) => vulnerability.severity },
    externalRef: { kind: 'text', of: () => undefined },
    isIgnored: { kind: 'boolean', of: ({ ignored }) => ignored !== undefined },
    ignoredDate: { kind: 'date', of: ({ ignored }) => ignored?.at },
    ignoredReason: { kind: 'keyword', of: ({ ignored }) => ignored?.reason },
    firstDetectedDate: { kind: 'date', of: ({ firstDetected }) => firstDetected },
    lastDetectedDate: { kind: 'date', of: ({ lastDetected }) => lastDetected },
    lastTestedDate: { kind: 'date', of: ({ lastTested }) => lastTested },
    updatedDate: { kind: 'date', of: ({ updated }) => updated },
    timesDetected: { kind: 'integer', of: ({ timesDetected }) => timesDetected },
    findingType: { kind: 'keyword', of: () => 'QUALYS' },
  },
  from: ({ world, now }, id) => findings(world, now, id),
  idOf: ({ id }) => id,
  tree: (_call, one, detail) => tree(one, detail !== 'search'),
};

function tree(one: Finding, verbose: boolean): Tree {
  const { app, vulnerability, ignored } = one;
  return {
    id: one.id,
    uniqueId: one.uniqueId,
    qid: vulnerability.qid,
    detectionScore: vulnerability.qds,
    name: { cdata: vulnerability.title },
    type: one.type,
    potential: vulnerability.type === 'Potential',
    findingType: 'QUALYS',
    severity: String(vulnerability.severity),
    url: { cdata: one.url },
    param: one.param === undefined ? undefined : { cdata: one.param },
    status: one.status,
    firstDetectedDate: stamp(one.firstDetected),
    lastDetectedDate: stamp(one.lastDetected),
    lastTestedDate: stamp(one.lastTested),
    updatedDate: stamp(one.updated),
    fixedDate: one.fixed === undefined ? undefined : stamp(one.fixed),
    timesDetected: one.timesDetected,
    webApp: {
      id: app.id,
      name: { cdata: app.name },
      url: { cdata: app.url },
      tags: verbose ? countedList('Tag', tagList(app)) : undefined,
    },
    isIgnored: ignored !== undefined,
    ignoredReason: ignored?.reason,
    ignoredBy: ignored && {
      id: app.ownerId,
      username: 'quarry_sim',
      firstName: { cdata: 'Renée' },
      lastName: { cdata: "O'Neil" },
    },
    ignoredDate: ignored && stamp(ignored.at),
    ignoredComment: ignored && { cdata: ignored.comment },
    ...(verbose ? details(one) : {}),
  };
}

function details(one: Finding): Tree {
  const { qid } = one.vulnerability;
  const headers = Buffer.from(`Host: ${one.app.host.fqdn ?? one.app.host.ip}\r\nUser-Agent: scan\r\n`).toString(
    'base64',
  );
  const response = Buffer.from(`<html>${qid}: entrée « ${one.param ?? ''} »</html>`).toString('base64');
  const payload = {
    payload: { cdata: `${one.param ?? 'q'}="'><qss a=X${qid}>` },
    request: { method: 'GET', link: { cdata: one.url }, headers: { cdata: headers }, body: { cdata: '' } },
    response: { cdata: response },
    // Qualys spells it so.
    payloadResponce: { offset: 12, length: 40 },
  };
  const result = {
    authentication: false,
    ajax: qid % 2 === 0,
    accessPath: countedList('Url', [{ value: { cdata: one.app.url } }]),
    payloads: countedList('PayloadInstance', [payload]),
  };
  return {
    cwe: countedList('long', qid % 3 === 0 ? [79, 80] : [200]),
    owasp: countedList('OWASP', [{ name: 'Injection', url: 'https://owasp.org/Top10/A03_2021-Injection/', code: 3 }]),
    wasc: countedList('WASC', [
      {
        name: 'CROSS-SITE SCRIPTING',
        url: 'http://projects.webappsec.org/w/page/13246920/Cross%20Site%20Scripting',
        code: 8,
      },
    ]),
    cvssV3: { base: Number(one.vulnerability.cvss), temporal: Number(one.vulnerability.cvss), attackVector: 'Network' },
    resultList: countedList('Result', one.type === 'VULNERABILITY' ? [result] : []),
  };
}
