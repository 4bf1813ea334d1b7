import { z } from 'zod';
import { defineSink } from './define.ts';
import { baseUrl, headerSecret, perDataset, requestSize, transportSettings } from './http/settings.ts';
import { openHec } from './splunk-hec/open.ts';

const url = baseUrl.meta({ description: 'https://splunk:8088' });
const placeholders = 'With {dataset}, {tenant}, {subscription}, {connection}; one for all data sets, or one each.';

/**
 * Splunk's HTTP Event Collector. Source: Splunk's pages "Format events for HTTP Event Collector", "About HTTP Event
 * Collector Indexer Acknowledgment" and the code table of "Troubleshoot HTTP Event Collector".
 *
 * A 200 says that Splunk has read the events, not that they are kept: with `ack`, the default, an event is delivered when
 * the indexer says so. An acknowledgement belongs to a channel on one node: behind a load balancer it needs sticky
 * sessions, or the nodes named one by one. Nothing in Splunk refuses an event that came before: what is sent again after a lost
 * answer is there twice, with the same `event_id`.
 */
export default defineSink({
  type: 'splunk_hec',
  title: 'Splunk HTTP Event Collector',
  about: 'Events for Splunk, acknowledged by the indexer, with sourcetypes as Qualys’s own add-on names them.',
  config: z.object({
    url: z
      .union([url, z.array(url).min(1)])
      .meta({ description: 'Address of the collector, or of several nodes; without /services/collector.' }),
    token: headerSecret.meta({ secret: true, description: 'The HEC token.' }),
    ack: z
      .boolean()
      .default(true)
      .meta({ description: 'Wait until the indexer has the events; the token must have acknowledgement enabled.' }),
    ack_timeout: z
      .number()
      .int()
      .positive()
      .default(120_000)
      .meta({ description: 'How long a write waits for acknowledgement before it sends again (2m).' }),
    index: perDataset.optional().meta({ description: `The index; the token's own when not given. ${placeholders}` }),
    source: perDataset.default('qualys:{connection}').meta({ description: `The source. ${placeholders}` }),
    sourcetype: perDataset
      .optional()
      .meta({ description: `The sourcetype; as Qualys's add-on names it, else qualys:{dataset}. ${placeholders}` }),
    host: z.string().min(1).optional().meta({ description: "The events' host; Splunk's choice when not given." }),
    compress: z.boolean().default(true).meta({ description: 'Bodies travel as gzip.' }),
    max_request: requestSize(1 << 20, '1MiB, as Splunk Cloud takes'),
    ...transportSettings,
  }),
  capabilities: { guarantee: 'at least once', formats: ['raw', 'cim', 'ocsf'], batchBytes: 8 << 20 },
  libraries: [],
  testedAgainst: 'a strict fake written from Splunk’s documentation; not run against the real thing',
  open: async (config, context) => openHec(config, context),
});
