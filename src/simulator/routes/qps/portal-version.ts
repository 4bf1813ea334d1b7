/** `GET /qps/rest/portal/version`: the cheapest call that proves credentials (reference, 1.3; recorded samples). */
import type { RestRoute } from '../rest.ts';
import { qpsAnswer, responseHead } from './answer.ts';
import { wantsJson } from './request.ts';
import { treeJson, treeXml } from './tree.ts';

const VERSIONS = {
  'Portal-Version': {
    'PortalApplication-VERSION': '3.20.1.0-5 OFFICIAL #812 (2026-10-12T08:00:39Z)',
    'QWEB__VM-VERSION': '2.19.0',
    'ITAM-VERSION': '3.7.0.0-1',
    'WAS-VERSION': '1.9.1.0-2',
    'CERTVIEW-VERSION': '4.5.0.0-26',
    'CA-VERSION': '3.20.0.0',
    'FIM-VERSION': '4.3.0.0-18',
    'QUESTIONNAIRE__V2-VERSION': '1.19.0.0',
  },
  'QWeb-Version': { 'WEB-VERSION': '10.39.1.0-1', 'SCANNER-VERSION': '14.6.21-1', 'VULNSIGS-VERSION': '2.6.470-2' },
};
const STYLE = { emptyLists: false, singleBare: false };

export const portalVersion: RestRoute = {
  family: 'qps',
  methods: ['GET'],
  path: '/qps/rest/portal/version',
  answer: (call) => {
    if (wantsJson(call)) {
      const said = { responseCode: 'SUCCESS', count: 1, data: [treeJson(VERSIONS, STYLE)] };
      return qpsAnswer(true, [JSON.stringify({ ServiceResponse: said })]);
    }
    const head = responseHead(call.base, '/qps/xsd/version.xsd');
    const body = `${head}  <responseCode>SUCCESS</responseCode>\n  <count>1</count>\n  <data>\n${treeXml(VERSIONS, '    ', STYLE)}  </data>\n</ServiceResponse>`;
    return qpsAnswer(false, [body]);
  },
};
