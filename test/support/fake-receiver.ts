/**
 * A strict FAKE of a service that takes events by POST: it checks method, content type, framing and the signature, the
 * last by the Standard Webhooks specification and not by the product's code. A request is taken whole or not at all.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Behaviour } from '../contracts/sink.ts';
import type { Payload } from './batches.ts';
import { type FakeHttp, type FakeReply, type FakeRequest, fakeHttp, verdict } from './fake-http.ts';

export interface FakeReceiver extends FakeHttp {
  received(): readonly Payload[];
  /** Bytes of the key; undefined: signatures are not looked at. */
  key: Buffer | undefined;
  /** Whether an id that has been taken is answered and left out. */
  remembers: boolean;
}

const TOLERANCE_S = 300;

export async function fakeReceiver(random: () => number = Math.random): Promise<FakeReceiver> {
  const taken: Payload[] = [];
  const ids = new Set<string>();

  function handle({ method, headers, body }: FakeRequest, how: Behaviour): FakeReply {
    if (method !== 'POST') return { status: 405 };
    const id = String(headers['webhook-id'] ?? '');
    if (id === '') return { status: 400, body: 'no webhook-id' };
    if (fake.key !== undefined && !isSigned(fake.key, headers, body)) return { status: 401, body: 'wrong signature' };
    const events = read(headers['content-type'] ?? '', body.toString('utf8'));
    if (events === undefined || String(events.length) !== headers['quarry-events'])
      return { status: 415, body: 'not what its content type and quarry-events say' };
    if (fake.remembers && ids.has(id)) return { status: 200, body: 'known' };
    if (events.some(({ text }) => verdict(text, how, random) === 'bad'))
      return { status: 422, body: '{"error":"an event is not acceptable"}' };
    ids.add(id);
    taken.push(...events);
    return { status: 204 };
  }

  const http = await fakeHttp((request, how) => handle(request, how), random);
  const fake: FakeReceiver = { ...http, received: () => taken, key: undefined, remembers: false };
  return fake;
}

function read(type: string, body: string): Payload[] | undefined {
  try {
    if (type === 'application/x-ndjson') {
      if (body !== '' && !body.endsWith('\n')) return undefined;
      return body
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Payload);
    }
    if (type !== 'application/json') return undefined;
    const value = JSON.parse(body) as Payload | Payload[];
    return Array.isArray(value) ? value : [value];
  } catch {
    return undefined;
  }
}

function isSigned(key: Buffer, headers: FakeRequest['headers'], body: Buffer): boolean {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`]),
  );
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
  const expected = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]))
    .digest();
  return String(signatures)
    .split(' ')
    .map((one) => one.split(','))
    .some(([version, value]) => {
      const given = Buffer.from(value ?? '', 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
}
