import type { TestOptions } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test is skipped; `npm test` ends with these. */
    skipped?: string;
  }
}

/**
 * Options for `it` and `describe` that skip with a reason unless the condition holds; hooks of a skipped `describe` do
 * not run. `it('…', skipUnless(hasOpenssl, 'openssl is not installed'), async () => {…})`
 */
export function skipUnless(condition: boolean, reason: string): TestOptions {
  return condition ? {} : { skip: true, meta: { skipped: reason } };
}
