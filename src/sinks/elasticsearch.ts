import { z } from 'zod';
import { defineSink } from './define.ts';
import { openElasticsearch } from './elasticsearch/open.ts';
import { baseUrl, basicAuth, headerSecret, requestSize, template, transportSettings } from './http/settings.ts';

const url = baseUrl.meta({ description: 'https://host:9200' });

/**
 * Elasticsearch and OpenSearch, by `_bulk`. Source: Elastic's reference pages "Bulk API", "Data streams" and "Index API"
 * (`op_type`, `version_type=external`); OpenSearch's "Bulk" page names the same operations and versions.
 *
 * `mode: log` creates each event under its own id: what is there already is refused (409) and delivered. `mode: current`
 * keeps one document per key: the newest event's. A data stream refuses an id only in the backing index it now writes
 * to, so that an event sent again after a rollover is there twice; an index of `mode: current`, or a plain index, keeps
 * it once for ever. The guarantee told is that of the default, which is data streams.
 */
export default defineSink({
  type: 'elasticsearch',
  title: 'Elasticsearch, OpenSearch',
  about: 'Documents by _bulk, under Elastic’s own data set names; every event, or the current state of every object.',
  config: z.object({
    url: z
      .union([url, z.array(url).min(1)])
      .meta({ description: 'Address of the cluster, or of several of its nodes.' }),
    ...basicAuth,
    api_key: headerSecret
      .meta({ secret: true, description: 'An API key, encoded as Elasticsearch shows it, or as id:key.' })
      .optional(),
    token: headerSecret.meta({ secret: true, description: 'A bearer token.' }).optional(),
    mode: z.enum(['log', 'current']).default('log').meta({
      description: 'Every event as a document (log), or one document per object, its newest state (current).',
    }),
    index: template('dataset', 'namespace', 'tenant', 'subscription', 'connection', 'route').optional().meta({
      description:
        'Where documents go: {dataset} is Elastic’s name of the data set; {namespace}, {tenant}, {subscription}, {connection}; {route} where the format has one. logs-{dataset}-{namespace}, or quarry-{dataset}-{namespace} in mode current.',
    }),
    namespace: z
      .string()
      .regex(/^[a-z0-9_.]{1,100}$/, { error: 'expected a-z, 0-9, _ and .' })
      .default('default')
      .meta({ description: 'The namespace of data streams.' }),
    removed: z.enum(['delete', 'keep']).default('delete').meta({
      description: 'In mode current: delete what is removed in Qualys, or keep it as a document that says so.',
    }),
    pipeline: z.string().min(1).optional().meta({ description: 'An ingest pipeline.' }),
    compress: z.boolean().default(true).meta({ description: 'Bodies travel as gzip.' }),
    max_request: requestSize(8 << 20, '8MiB'),
    ...transportSettings,
  }),
  capabilities: {
    guarantee: 'effectively once inside a window',
    formats: ['ecs', 'raw', 'ocsf', 'interflow'],
    batchBytes: 8 << 20,
  },
  libraries: [],
  testedAgainst: 'a strict fake written from Elastic’s reference pages; not run against the real thing',
  open: async (config, context) => openElasticsearch(config, context),
});
