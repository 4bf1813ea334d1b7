import { QuarryError } from '../../core/errors.ts';
import type { Batch, OpenSink } from '../../core/sink.ts';
import type { SinkContext } from '../define.ts';
import { authorization, type Credentials } from '../http/authorization.ts';
import { openClient } from '../http/client.ts';
import { bodyOf, deliver } from '../http/deliver.ts';
import type { TransportSettings } from '../http/transport.ts';
import { actionOf } from './actions.ts';
import { indexName } from './names.ts';
import { answerOf, isDataStream, itemsOf, meaningOf, parsed, reasonOf } from './replies.ts';

export interface Settings extends TransportSettings, Credentials {
  readonly url: string | readonly string[];
  readonly mode: 'log' | 'current';
  readonly index?: string | undefined;
  readonly namespace: string;
  readonly removed: 'delete' | 'keep';
  readonly pipeline?: string | undefined;
  readonly compress: boolean;
  readonly max_request: number;
  readonly timeout: number;
}

const TYPE = { 'content-type': 'application/x-ndjson', accept: 'application/json' };
/** A name that a writer of the product's data may write to; nothing is written there by a check. */
const CHECKED = { tenant: 'check', subscription: 'check', connection: 'check', dataset: 'check' };
const CHECKED_NAMES = {
  destinations: { devo: '', interflow: '', ocsf: '', elastic: 'qualys_vmdr.asset_host_detection' },
};

/** Opens the sink; nothing is asked of the cluster before the first write or check. Throws QRY5032. */
export async function openElasticsearch(settings: Settings, { baseDir, format }: SinkContext): Promise<OpenSink> {
  const { mode, namespace, pipeline } = settings;
  const index = settings.index ?? (mode === 'log' ? 'logs-{dataset}-{namespace}' : 'quarry-{dataset}-{namespace}');
  const headers = { ...TYPE, ...authorization(settings) };
  const urls = typeof settings.url === 'string' ? [settings.url] : settings.url;
  const client = await openClient({ ...settings, urls, baseDir });
  const path = `/_bulk${pipeline === undefined ? '' : `?pipeline=${encodeURIComponent(pipeline)}`}`;
  const choice = { mode, removed: settings.removed, stamped: format !== 'ecs' };

  return {
    check: async () => {
      const probe = indexName({ index, namespace }, { ...CHECKED, ...CHECKED_NAMES } as unknown as Batch);
      await check(probe);
    },
    write: (batches, signal) =>
      deliver(
        batches,
        {
          maxBytes: settings.max_request,
          group: () => '',
          part: (line) => actionOf(line, indexName({ index, namespace }, line.batch, line.route), choice),
          send: async (items, _batch, stop) => {
            const reply = await client.send({ path, headers, body: bodyOf(items) }, stop);
            return answerOf(
              reply,
              items.map(({ part }) => part),
            );
          },
        },
        signal,
      ),
    close: () => client.close(),
  };

  /**
   * Asks for a change of a document that does not exist, under an alias that should not exist: signed in, unpacked, read
   * and refused, with nothing made. Then, where the cluster can say it, whether the privileges for a write are there.
   */
  async function check(probe: string): Promise<void> {
    const nothing = { _index: probe, _id: 'quarry-check', require_alias: true, if_seq_no: 0, if_primary_term: 1 };
    const body = Buffer.from(`${JSON.stringify({ index: nothing })}\n{"@timestamp":"2026-01-01T00:00:00Z"}\n`);
    const reply = await client.send({ path, headers, body });
    const [item] = reply.status === 200 ? (itemsOf(reply) ?? []) : [];
    if (item === undefined) throw wrong(`answered ${reply.status}: ${reasonOf(reply)}`);
    const privileges = mode === 'log' ? ['create_doc'] : ['index', 'delete'];
    const asked = await client.send({
      path: '/_security/user/_has_privileges',
      headers: { ...headers, 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ index: [{ names: [probe], privileges }] })),
    });
    // Without the security features, and on OpenSearch, there is no such page.
    const has = asked.status === 200 ? parsed(asked.text)?.['has_all_requested'] : undefined;
    if (has === false) throw wrong(`this user may not ${privileges.join(' and ')} in ${probe}`);
    // 404: no alias of that name; 409: an alias, and no such document; 403 where only making new ones is allowed.
    const expected = item.status === 404 || item.status === 409 || (item.status === 403 && has === true);
    if (!expected && !(mode === 'log' && isDataStream(item))) throw wrong(meaningOf(item));
  }
}

const wrong = (what: string): QuarryError => new QuarryError('QRY5031', { what });
