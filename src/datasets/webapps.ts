import { z } from 'zod';
import type { Call } from '../core/dataset.ts';
import { defineDataset } from './define.ts';
import { byLastId } from './paging.ts';
import { anyOf, changedSince, qpsCount, qpsFormat, qpsSearch } from './qps.ts';

const OBJECT = { version: '3.0', name: 'was/webapp' };

/** One web application with all its settings. */
const whole = (id: string): Call => ({
  api: 'get/was/webapp',
  path: `/qps/rest/3.0/get/was/webapp/${id}`,
  method: 'GET',
  params: {},
});

export default defineDataset({
  name: 'webapps',
  aliases: [],
  title: 'Web applications',
  about: 'Every web application that Web Application Scanning knows, with its address, owner, tags and times.',
  kind: 'entity',
  options: z.object({
    tag_ids: z
      .array(z.number().int().positive())
      .min(1)
      .meta({ description: 'Only web applications with one of these tags (by id).' })
      .optional(),
    details: z
      .boolean()
      .default(false)
      .meta({ description: 'Whole records with all settings: one more call for each web application read.' }),
  }),
  // A search gives these; the many settings of a web application come only when it is asked for alone (details).
  format: qpsFormat(
    'WebApp',
    ['id', 'name', 'url', 'owner', 'tags', 'createdDate', 'updatedDate', 'riskScore', 'attributes'],
    ['tags/list/Tag', 'attributes/list/Attribute'],
  ),
  key: [{ from: 'record', field: 'id' }],
  order: 'id',
  paging: byLastId,
  incremental: true,
  noise: [],
  unordered: ['tags'],
  version: 'updatedDate',
  time: ['updatedDate', 'createdDate'],
  records: ({ tag_ids: ids }, ask) =>
    qpsSearch(OBJECT, ask, [changedSince('updatedDate', ask.since), anyOf('tags.id', ids)]),
  count: ({ tag_ids: ids }, since) => qpsCount(OBJECT, [changedSince('updatedDate', since), anyOf('tags.id', ids)]),
  detail: ({ details }) => (details ? { id: 'id', pageSize: 50, call: whole } : undefined),
  overlapMs: 3_600_000,
  scope: ({ tag_ids: ids, details }) => JSON.stringify(details ? [ids, 'details'] : [ids]),
  // A deleted application shows only in a full reading; there are hundreds of them, not millions.
  schedule: { every: 3_600_000, sweepFull: 86_400_000 },
  pageSize: 1000,
  fields: {
    id: { type: 'integer', about: 'Qualys id of the web application, ascending in answers.' },
    name: { type: 'text', about: 'Name.', sensitive: true },
    url: { type: 'text', about: 'Where scans begin.', sensitive: true },
    owner: { type: 'object', about: 'The Qualys user it belongs to: id.' },
    tags: { type: 'object', about: 'Tags: count, and list.Tag of id and name.' },
    createdDate: { type: 'date-time', about: 'When it was made, UTC.' },
    updatedDate: { type: 'date-time', about: 'Last change, UTC; the time changes are asked by.' },
    riskScore: { type: 'integer', about: 'TruRisk score; newer releases only.' },
    attributes: { type: 'object', about: 'Custom attributes: list.Attribute; with details, as are all settings.' },
  },
  permission: {
    roles: 'Managers see all web applications; others, with API Access and the WAS module, those in their tag scope.',
    licence: 'Web Application Scanning (WAS).',
  },
  signIn: ['basic', 'token'],
  probe: () => qpsCount(OBJECT, []),
  destinations: {
    devo: 'my.app.qualys.webapps',
    interflow: 'qualys_webapps',
    elastic: 'qualys_was.web_app',
    ocsf: 'cloud_resources_inventory_info',
  },
  example: {
    id: '238483925',
    name: 'Shop',
    url: 'https://shop.example.com',
    owner: { id: '17729931' },
    tags: { count: '0' },
    createdDate: '2022-04-12T21:13:24Z',
    updatedDate: '2022-04-12T21:14:51Z',
  },
  links: ['https://docs.qualys.com/en/was/api/get_started/get_started.htm'],
});
