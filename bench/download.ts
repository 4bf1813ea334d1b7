/**
 * What reading adds to a download: the same packed answer over HTTPS, only unpacked, and made lines as Quarry does. The
 * server runs in a process of its own and is not counted.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { fakeAuthority, hasOpenssl } from '../src/qualys/fake-certificates.ts';
import { type Program, type Rounds, type Run, run } from './programs.ts';

const readers = join(import.meta.dirname, 'readers');
export const BARE = 'bare download and gunzip';
export const WHOLE = 'quarry, HTTPS + gzip to NDJSON';

/** Rounds of both, by their names; a text says why this machine cannot measure it. */
export async function downloads(
  input: { readonly path: string; readonly mb: number },
  scratch: string,
  checksum: string | undefined,
  count: number,
): Promise<Rounds | string> {
  if (!hasOpenssl()) return 'HTTPS + gzip: no openssl to make a certificate with';
  const packed = `${input.path}.gz`;
  if (!existsSync(packed)) {
    await pipeline(createReadStream(input.path), createGzip({ level: 6 }), createWriteStream(`${packed}.new`));
    await rename(`${packed}.new`, packed);
  }
  const authority = fakeAuthority();
  const { key, cert } = authority.issue('IP:127.0.0.1');
  const file = (name: string, text: string): string => {
    const path = join(scratch, name);
    writeFileSync(path, text);
    return path;
  };
  const [keyFile, certFile, ca] = [file('key.pem', key), file('cert.pem', cert), file('ca.pem', authority.ca)];
  const server = spawn(process.execPath, [join(readers, 'https-server.ts'), packed, keyFile, certFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    const url = `https://127.0.0.1:${port.toString().trim()}/answer`;
    const program = (name: string, source: string): Program => ({
      name,
      command: ['env', `NODE_EXTRA_CA_CERTS=${ca}`, process.execPath, join(readers, source)],
    });
    const both = [program(BARE, 'https-bare.ts'), program(WHOLE, 'https-quarry.ts')];
    const runs = new Map<string, Run[]>(both.map(({ name }) => [name, []]));
    for (let round = 0; round < count; round++) for (const one of both) runs.get(one.name)!.push(run(one, url));
    const bytes = runs.get(BARE)!.map(({ records }) => records / 1e6);
    const sums = runs.get(WHOLE)!.map((one) => one.checksum);
    if (bytes.some((mb) => mb !== input.mb) || sums.some((sum) => checksum !== undefined && sum !== checksum))
      throw new Error(`the downloads are not the answer: ${bytes.join()} MB, ${sums.join()}`);
    return runs;
  } finally {
    server.kill();
  }
}
