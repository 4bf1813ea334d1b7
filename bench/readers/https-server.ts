/** One packed file over HTTPS, for as long as it runs: `https-server.ts FILE.gz KEY CERT` prints its port. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const [file = '', key = '', cert = ''] = process.argv.slice(2);
const headers = {
  'content-type': 'text/xml',
  'content-encoding': 'gzip',
  'content-length': statSync(file).size,
};
const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
  response.writeHead(200, headers);
  createReadStream(file, { highWaterMark: 256 * 1024 }).pipe(response);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
