/**
 * Secrets at rest: AES-256-GCM, one random nonce each, bound to the place they stand in.
 *
 *   sealed := "q1." keyId "." base64url(nonce[12] ciphertext tag[16])
 *
 * Invariants: a sealed text opens only in its place (the place is authenticated with it), only with the key its id
 * names, and only unchanged. A key is never stored beside what it seals; its id is a hash of it, so a wrong key is told
 * from damage before anything is decrypted. Nothing is overwritten by who could not read it.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { QuarryError } from '../core/errors.ts';
import { reveal, Secret } from '../core/secret.ts';

/** Keys by id; new secrets are sealed with the first. */
export interface Keyring {
  readonly ids: readonly string[];
  seal(place: string, secret: Secret): string;
  /** Throws QRY8010 where no key fits, QRY8011 where the text is damaged or stands elsewhere than it was sealed for. */
  open(place: string, sealed: string): Secret;
}

const NONCE = 12;
const TAG = 16;
const FORM = 'q1';

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

/** A keyring over the texts people keep as keys: the current one first, then those that may still be needed to read. */
export function keyring(texts: readonly Secret[]): Keyring {
  const keys = texts.map(derive);
  const [current] = keys;
  return {
    ids: keys.map(({ id }) => id),
    seal: (place, secret) => {
      const { id, bytes } = current!;
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', bytes, nonce);
      cipher.setAAD(Buffer.from(`${id}\n${place}`));
      const parts = [nonce, cipher.update(reveal(secret), 'utf8'), cipher.final(), cipher.getAuthTag()];
      return `${FORM}.${id}.${Buffer.concat(parts).toString('base64url')}`;
    },
    open: (place, sealed) => {
      const [form, id, body, ...rest] = sealed.split('.');
      if (form !== FORM || id === undefined || body === undefined || rest.length > 0) throw damaged(place);
      const key = keys.find((one) => one.id === id);
      if (key === undefined)
        throw new QuarryError('QRY8010', {
          what: `It was sealed with the key ${id}; there is ${keys.map((one) => one.id).join(', ')}.`,
          where: place,
        });
      const bytes = Buffer.from(body, 'base64url');
      // Other spellings of the same bytes are not what was written.
      if (bytes.length < NONCE + TAG || bytes.toString('base64url') !== body) throw damaged(place);
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, NONCE), { authTagLength: TAG });
      decipher.setAAD(Buffer.from(`${id}\n${place}`));
      decipher.setAuthTag(bytes.subarray(-TAG));
      try {
        const text = decipher.update(bytes.subarray(NONCE, -TAG));
        return new Secret(Buffer.concat([text, decipher.final()]).toString('utf8'));
      } catch {
        throw damaged(place);
      }
    },
  };
}

/** A new key as text: 256 random bits. */
export const newKey = (): Secret => new Secret(randomBytes(32).toString('base64url'));

const damaged = (place: string) =>
  new QuarryError('QRY8011', {
    what: 'A sealed secret is damaged, or was moved from where it was sealed.',
    where: place,
  });

/** People's keys may be any text; what encrypts is derived from it, and so is its name. */
function derive(text: Secret): Key {
  const bytes = Buffer.from(hkdfSync('sha256', reveal(text), 'quarry', 'secrets at rest', 32));
  return { bytes, id: createHash('sha256').update(bytes).digest('hex').slice(0, 12) };
}
