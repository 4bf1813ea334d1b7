/**
 * A strict FAKE of Splunk's HTTP Event Collector, written from Splunk's pages "Format events for HTTP Event Collector",
 * "About HTTP Event Collector Indexer Acknowledgment" and the table of codes in "Troubleshoot HTTP Event Collector". It
 * has not been compared with the real thing. Where Splunk is silent it does the worst: events before an invalid one are
 * kept although the request is refused, and nothing that came twice is left out.
 */
import type { Behaviour } from '../contracts/sink.ts';
import type { Payload } from './batches.ts';
import { type FakeHttp, type FakeReply, type FakeRequest, fakeHttp, verdict } from './fake-http.ts';

export interface Envelope {
  readonly time?: string | number;
  readonly host?: string;
  readonly source?: string;
  readonly sourcetype?: string;
  readonly index?: string;
  readonly event: unknown;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface FakeSplunk extends FakeHttp {
  readonly envelopes: Envelope[];
  received(): readonly Payload[];
  token: string;
  disabled: boolean;
  /** Whether the token has indexer acknowledgement. */
  acknowledges: boolean;
  /** How often it is asked before a request is indexed. */
  polls: number;
  /** The next so many requests are taken and lost before they are indexed. */
  lose: number;
  /** Indices the token may write to. */
  readonly indices: Set<string>;
}

const TEXTS: Readonly<Record<number, readonly [status: number, text: string]>> = {
  0: [200, 'Success'],
  1: [403, 'Token disabled'],
  2: [401, 'Token is required'],
  3: [401, 'Invalid authorization'],
  4: [403, 'Invalid token'],
  5: [400, 'No data'],
  6: [400, 'Invalid data format'],
  7: [400, 'Incorrect index'],
  9: [503, 'Server is busy'],
  10: [400, 'Data channel is missing'],
  11: [400, 'Invalid data channel'],
  12: [400, 'Event field is required'],
  13: [400, 'Event field cannot be blank'],
  14: [400, 'ACK is disabled'],
  15: [400, 'Error in handling indexed fields'],
};
const KNOWN = new Set(['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields']);
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const hecReply = (code: number, more: object = {}): FakeReply => {
  const [status, text] = TEXTS[code]!;
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text, code, ...more }) };
};

export async function fakeSplunk(random: () => number = Math.random): Promise<FakeSplunk> {
  /** Per channel, per request: how often it must still be asked for; those that were told of are forgotten. */
  const channels = new Map<string, Map<number, number>>();
  let acks = 0;

  function handle({ url, method, headers, body }: FakeRequest, how: Behaviour): FakeReply {
    if (!['/services/collector', '/services/collector/event', '/services/collector/ack'].includes(url.pathname))
      return {
        status: 404,
        body: JSON.stringify({ text: 'The requested URL was not found on this server.', code: 404 }),
      };
    if (method !== 'POST') return { status: 405, body: 'Method Not Allowed' };
    const { authorization } = headers;
    if (authorization === undefined) return hecReply(2);
    if (!authorization.startsWith('Splunk ')) return hecReply(3);
    if (authorization !== `Splunk ${fake.token}`) return hecReply(4);
    if (fake.disabled) return hecReply(1);
    const channel = headers['x-splunk-request-channel'] ?? url.searchParams.get('channel') ?? undefined;
    if (fake.acknowledges && channel === undefined) return hecReply(10);
    if (typeof channel === 'string' && !GUID.test(channel)) return hecReply(11);
    if (url.pathname.endsWith('/ack')) return acknowledged(String(channel), body.toString('utf8'));
    return events(body.toString('utf8'), String(channel), how);
  }

  function events(text: string, channel: string, how: Behaviour): FakeReply {
    if (text.trim() === '') return hecReply(5);
    // Splunk reads JSON objects one after another; here each must stand on a line of its own.
    const lines = text.split('\n').filter((line) => line !== '');
    const taken: Envelope[] = [];
    let refused: FakeReply | undefined;
    for (const [number, line] of lines.entries()) {
      const { code, envelope } = read(line, how);
      if (code === 9) return hecReply(9);
      if (code !== 0) {
        refused = hecReply(code, { 'invalid-event-number': number });
        break;
      }
      taken.push(envelope!);
    }
    const lost = fake.lose > 0 && fake.acknowledges;
    if (lost) fake.lose--;
    else fake.envelopes.push(...taken);
    if (refused !== undefined) return refused;
    if (!fake.acknowledges) return hecReply(0);
    const ackId = acks++;
    const own = channels.get(channel) ?? new Map<number, number>();
    channels.set(channel, own.set(ackId, lost ? Number.POSITIVE_INFINITY : fake.polls));
    return hecReply(0, { ackId });
  }

  function read(line: string, how: Behaviour): { code: number; envelope?: Envelope } {
    let envelope: Envelope;
    try {
      envelope = JSON.parse(line) as Envelope;
    } catch {
      return { code: 6 };
    }
    const { time, index, event, fields = {} } = envelope;
    if (Object.keys(envelope).some((name) => !KNOWN.has(name))) return { code: 6 };
    if (time !== undefined && !/^\d+(\.\d{1,9})?$/.test(String(time))) return { code: 6 };
    if (event === undefined || event === null) return { code: 12 };
    if (event === '') return { code: 13 };
    if (index !== undefined && !fake.indices.has(index)) return { code: 7 };
    if (Object.values(fields).some((value) => typeof value === 'object' && !Array.isArray(value))) return { code: 15 };
    const found = verdict(String((event as { text?: unknown }).text ?? ''), how, random);
    return found === 'bad' ? { code: 6 } : { code: 0, envelope };
  }

  function acknowledged(channel: string, text: string): FakeReply {
    if (!fake.acknowledges) return hecReply(14);
    const { acks: asked } = JSON.parse(text) as { acks: number[] };
    const own = channels.get(channel) ?? new Map<number, number>();
    const told = asked.map((id) => {
      const left = own.get(id);
      if (left === undefined) return [id, false];
      if (left > 0) {
        own.set(id, left - 1);
        return [id, false];
      }
      own.delete(id);
      return [id, true];
    });
    return { status: 200, body: JSON.stringify({ acks: Object.fromEntries(told) as object }) };
  }

  const http = await fakeHttp((request, how) => handle(request, how), random);
  const fake: FakeSplunk = {
    ...http,
    envelopes: [],
    received: () => fake.envelopes.map(({ event }) => event as Payload),
    token: 't0ken',
    disabled: false,
    acknowledges: true,
    polls: 1,
    lose: 0,
    indices: new Set(['main']),
  };
  return fake;
}
