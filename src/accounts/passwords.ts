import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { reveal, type Secret } from '../core/secret.ts';

/** scrypt's cost: 2^15 blocks of 8, 32 MiB, about a quarter of a second on two slow cores. */
export interface Cost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}
export const COST: Cost = { n: 2 ** 15, r: 8, p: 1 };
const LENGTH = 32;

/** `scrypt$n$r$p$salt$hash`: the parameters stand with the hash, so that they can rise. */
export async function hashPassword(password: Secret, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  return ['scrypt', cost.n, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

export interface PasswordCheck {
  readonly right: boolean;
  readonly stale: boolean;
}

/** Whether it is the password, and whether it should be hashed anew because the cost has changed. */
export async function checkPassword(password: Secret, stored: string, cost: Cost = COST): Promise<PasswordCheck> {
  const [kind, n, r, p, salt, hash] = stored.split('$');
  if (kind !== 'scrypt' || salt === undefined || hash === undefined) return { right: false, stale: false };
  const was = { n: Number(n), r: Number(r), p: Number(p) };
  const found = await derive(password, Buffer.from(salt, 'base64url'), was);
  const wanted = Buffer.from(hash, 'base64url');
  const right = wanted.length === found.length && timingSafeEqual(found, wanted);
  return { right, stale: right && (was.n !== cost.n || was.r !== cost.r || was.p !== cost.p) };
}

/** As much work as checking a password, for logins nobody has: an answer's time must not tell which exist. */
export async function pretend(password: Secret, cost: Cost = COST): Promise<PasswordCheck> {
  await derive(password, Buffer.alloc(16), cost);
  return { right: false, stale: false };
}

const derive = (password: Secret, salt: Buffer, { n, r, p }: Cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // Two spellings of one text are one password.
    const text = reveal(password).normalize('NFKC');
    scrypt(text, salt, LENGTH, { N: n, r, p, maxmem: 256 * n * r }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
