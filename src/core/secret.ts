import { inspect } from 'node:util';

const values = new WeakMap<Secret, string>();

/** A value that must never be seen: prints `[redacted]` in strings, JSON and inspection. Read it with `reveal`. */
export class Secret {
  constructor(value: string) {
    values.set(this, value);
  }
  toString(): string {
    return '[redacted]';
  }
  toJSON(): string {
    return '[redacted]';
  }
  [inspect.custom](): string {
    return '[redacted]';
  }
}

/** The secret's value, for the one place that sends it. */
export function reveal(secret: Secret): string {
  return values.get(secret) ?? '';
}
