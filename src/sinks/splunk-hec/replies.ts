import { later, type Reply, shortened } from '../http/client.ts';
import type { Answer } from '../http/deliver.ts';

/** Codes about an event: no data, invalid data format, event required, event blank, error in indexed fields. */
const OF_AN_EVENT = new Set([5, 6, 12, 13, 15]);
const WRONG_INDEX = 7;

interface Body {
  readonly text?: unknown;
  readonly code?: unknown;
  readonly ackId?: unknown;
  readonly 'invalid-event-number'?: unknown;
}

/**
 * What a reply to a request says. Codes of Splunk's table: 0, 24 and 25 are success; those about an
 * event reject it and the others are sent again (whether Splunk kept those before it is not said); an index that the token
 * may not write to leaves its events waiting; all others are about token, channel or server, and everything waits.
 */
export function answerOf(reply: Reply, ack: boolean): Exclude<Answer, 'open'> | { readonly ackId: number } {
  const body = bodyOf(reply);
  const code = codeOf(reply);
  const said = reasonOf(reply);
  if (reply.status === 200) {
    if (code === undefined) return { outcomes: { retry: `the reply is none of an event collector: ${said}` } };
    if (!ack) return { outcomes: 'delivered' };
    if (typeof body?.ackId === 'number') return { ackId: body.ackId };
    const retry = 'the token acknowledges nothing: enable indexer acknowledgement for it, or set ack: false';
    return { closed: { retry } };
  }
  if (reply.status === 413) return { refused: `too large: ${said}`, code: '413' };
  if (reply.status === 400 && code === WRONG_INDEX) return { outcomes: { retry: said } };
  if (reply.status === 400 && code !== undefined && OF_AN_EVENT.has(code)) {
    const at = body?.['invalid-event-number'];
    return { refused: said, code: `${code}`, ...(typeof at === 'number' && { at }) };
  }
  return { closed: later(reply, said) };
}

export function codeOf(reply: Reply): number | undefined {
  const code = bodyOf(reply)?.code;
  return typeof code === 'number' ? code : undefined;
}

export function reasonOf(reply: Reply): string {
  const body = bodyOf(reply);
  return typeof body?.text === 'string' ? shortened(`${body.text} (code ${String(body.code)})`) : shortened(reply.text);
}

export function bodyOf({ text }: Reply): (Body & { readonly acks?: unknown }) | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
