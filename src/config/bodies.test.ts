import { describe, expect, it } from 'vitest';
import { acme, from, problems } from '../../test/support/config-parts.ts';
import { settings } from './origins.ts';
import { redacted } from './show.ts';

const bodies = (...lines: readonly string[]): string => `${acme()}
bodies:
  bucket: quarry-bodies
${lines.map((line) => `  ${line}\n`).join('')}`;
const SHARED = { QUARRY_DATABASE_URL: 'postgres://quarry@db/quarry' };

describe('bodies', () => {
  it('has what is usual filled in, and never shows its secret', () => {
    const config = from(
      bodies('prefix: /lake/', 'above: 256KiB', 'access_key_id: me', 'secret_access_key: canary-9'),
      SHARED,
    );
    expect(config.bodies).toMatchObject({ bucket: 'quarry-bodies', prefix: 'lake', above: 262_144, timeout: 300_000 });
    expect(from(bodies(), SHARED).bodies).toMatchObject({ prefix: 'quarry', above: 1 << 20 });
    const shown = JSON.stringify([redacted(config), settings(config, { env: {}, datasets: new Map() })]);
    expect(shown).toContain('bodies.secret_access_key');
    expect(shown).not.toContain('canary-9');
  });

  it('says what is wrong, at its place', () => {
    expect(problems(bodies()).join('\n')).toMatch(/bodies: only with database_url/);
    expect(problems(bodies('access_key_id: me'), SHARED).join('\n')).toMatch(
      /bodies\.secret_access_key: .*go together/,
    );
    expect(problems(bodies('above: -1', 'endpoint: minio'), SHARED)).toHaveLength(2);
  });
});
