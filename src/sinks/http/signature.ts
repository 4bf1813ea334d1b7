import { createHmac } from 'node:crypto';
import { reveal, type Secret } from '../../core/secret.ts';

/**
 * `webhook-signature` as the Standard Webhooks specification 1.0 says: `v1,` and base64 of HMAC-SHA256 over
 * `<webhook-id>.<webhook-timestamp>.<body>`, one for each key, a blank between. The body is meant before compression.
 * `timestamp` in seconds.
 */
export const signature = (keys: readonly Secret[], id: string, timestamp: number, body: Buffer): string =>
  keys
    .map((key) => {
      const hmac = createHmac('sha256', keyBytes(reveal(key)))
        .update(`${id}.${timestamp}.`)
        .update(body);
      return `v1,${hmac.digest('base64')}`;
    })
    .join(' ');

/** `whsec_` is followed by base64; any other text is itself the key. */
const keyBytes = (text: string): Buffer =>
  text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text);
