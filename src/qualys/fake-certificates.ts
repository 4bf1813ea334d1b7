import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** A fake authority for tests, made fresh with the openssl command, so that nothing here ever expires. */
export interface FakeAuthority {
  readonly ca: string;
  /** A server certificate for `subjectAltName`, valid from and for so many days from now. */
  issue(subjectAltName: string, days?: number): KeyPair;
}

export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function fakeAuthority(): FakeAuthority {
  const run = (folder: string, ...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const inFolder = <T>(work: (folder: string) => T): T => {
    const folder = mkdtempSync(join(tmpdir(), 'quarry-ca-'));
    try {
      return work(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = inFolder((folder) => {
    run(folder, 'req', '-x509', ...newKey, '-keyout', 'k', '-out', 'c', '-days', '2', '-subj', '/CN=fake authority');
    return { key: readFileSync(join(folder, 'k'), 'utf8'), cert: readFileSync(join(folder, 'c'), 'utf8') };
  });
  return {
    ca: authority.cert,
    issue: (subjectAltName, days = 2) =>
      inFolder((folder) => {
        writeFileSync(join(folder, 'cak'), authority.key);
        writeFileSync(join(folder, 'cac'), authority.cert);
        writeFileSync(join(folder, 'ext'), `subjectAltName=${subjectAltName}\n`);
        run(folder, 'req', ...newKey, '-keyout', 'k', '-out', 'r', '-subj', '/CN=fake server');
        run(
          folder,
          'x509',
          '-req',
          '-in',
          'r',
          '-CA',
          'cac',
          '-CAkey',
          'cak',
          '-set_serial',
          '1',
          '-extfile',
          'ext',
          '-days',
          `${days}`,
          '-out',
          'c',
        );
        return { key: readFileSync(join(folder, 'k'), 'utf8'), cert: readFileSync(join(folder, 'c'), 'utf8') };
      }),
  };
}
