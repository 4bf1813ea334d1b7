import { at, bit, firstText, items, sorted, text, time, whole } from '../values.ts';
import type { ObjectKind } from './object.ts';

export const certificates: ObjectKind = {
  dataset: 'certificates',
  table: 'certificate',
  key: { id: (_, [id]) => id ?? '' },
  columns: {
    hash: (one) => text(one['certhash']),
    name: (one) => text(at(one, 'subject', 'name')),
    organization: (one) => text(at(one, 'subject', 'organization')),
    dn: (one) => text(one['dn']),
    serial: (one) => text(one['serialNumber']),
    issuer: (one) => text(at(one, 'issuer', 'name')),
    issuer_category: (one) => text(one['issuerCategory']),
    type: (one) => text(one['type']),
    self_signed: (one) => bit(one['selfSigned']),
    key_size: (one) => whole(one['keySize']),
    signature: (one) => text(one['signatureAlgorithm']),
    valid_from: (one) => time(one['validFromDate'] ?? one['validFrom']),
    valid_to: (one) => time(one['validToDate'] ?? one['validTo']),
    last_found: (one) => time(one['lastFound']),
    assets: (one) => JSON.stringify(sorted(items(one['assets']).map((asset) => text(at(asset, 'id'))))),
    grades: (one) =>
      JSON.stringify(
        sorted(
          items(one['assets']).flatMap((asset) =>
            items(at(asset, 'hostInstances')).map((use) => text(at(use, 'grade'))),
          ),
        ),
      ),
  },
};

export const webapps: ObjectKind = {
  dataset: 'webapps',
  table: 'webapp',
  key: { id: (_, [id]) => whole(id) },
  columns: {
    name: (app) => text(app['name']),
    url: (app) => text(app['url']),
    risk_score: (app) => whole(app['riskScore']),
    owner: (app) => firstText(at(app, 'owner', 'username'), at(app, 'owner', 'id')),
    tags: (app) =>
      JSON.stringify(
        sorted(items(at(app, 'tags', 'list', 'Tag')).map((tag) => firstText(at(tag, 'name'), at(tag, 'id')))),
      ),
    created: (app) => time(app['createdDate']),
    updated: (app) => time(app['updatedDate']),
  },
};

export const webappFindings: ObjectKind = {
  dataset: 'webapp_findings',
  table: 'webapp_finding',
  key: { id: (_, [id]) => whole(id) },
  columns: {
    webapp: (one) => whole(at(one, 'webApp', 'id')),
    webapp_name: (one) => text(at(one, 'webApp', 'name')),
    qid: (one) => whole(one['qid']),
    name: (one) => text(one['name']),
    type: (one) => text(one['type']),
    potential: (one) => bit(one['potential']),
    severity: (one) => whole(one['severity']),
    score: (one) => whole(one['detectionScore']),
    url: (one) => text(one['url']),
    status: (one) => text(one['status']),
    ignored: (one) => bit(one['isIgnored']),
    first_found: (one) => time(one['firstDetectedDate']),
    last_found: (one) => time(one['lastDetectedDate']),
    last_tested: (one) => time(one['lastTestedDate']),
    fixed: (one) => time(one['fixedDate']),
    times_found: (one) => whole(one['timesDetected']),
  },
};
