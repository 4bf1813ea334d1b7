import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';

const HOSTS = 200_000;
const MB = 1024 * 1024;

/** A simulator in a process of its own that tells its memory every 50 ms. */
const CHILD = `
const { startSimulator } = await import(process.argv[1]);
const sim = await startSimulator({ hosts: ${HOSTS}, giant: 50000, seed: 9 });
console.log(JSON.stringify({ url: sim.url, user: sim.username + ':' + sim.password, middle: sim.world.idOf(sim.world.giant) }));
setInterval(() => console.log(JSON.stringify({ rss: process.memoryUsage.rss() })), 50);
`;

interface Hello {
  url: string;
  user: string;
  middle: number;
}

describe('scale', () => {
  test('one answer of 200,000 hosts, and one host of 50,000 detections, stream in flat memory', {
    timeout: 120_000,
  }, async () => {
    const module = new URL('./index.ts', import.meta.url).href;
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, module], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface({ input: child.stdout });
      const [first] = (await once(lines, 'line')) as [string];
      const hello = JSON.parse(first) as Hello;
      let rss = 0;
      lines.on('line', (line) => {
        rss = (JSON.parse(line) as { rss: number }).rss;
      });
      const peaks: { at: number; rss: number }[] = [];
      const note = (bytes: number): void => {
        if (rss > 0) peaks.push({ at: bytes, rss });
      };
      const hosts = await drain(
        hello,
        '/api/5.0/fo/asset/host/?action=list&truncation_limit=0&details=All&show_tags=1',
        note,
      );
      expect(hosts.count).toBe(HOSTS);
      const giant = await drain(hello, `/api/5.0/fo/asset/host/vm/detection/?action=list&ids=${hello.middle}`, note);
      expect(giant.count).toBe(1);
      expect(giant.bytes).toBeGreaterThan(20 * MB);

      const warm = peaks.filter(({ at }) => at < hosts.bytes / 4);
      const early = Math.max(...warm.map((one) => one.rss));
      const late = Math.max(...peaks.map((one) => one.rss));
      const seen = `${Math.round(early / MB)} MB after a quarter, ${Math.round(late / MB)} MB at most, ${Math.round((hosts.bytes + giant.bytes) / MB)} MB sent`;
      console.log(seen);
      expect(hosts.bytes).toBeGreaterThan(200 * MB);
      expect(warm.length).toBeGreaterThan(0);
      expect(late - early, seen).toBeLessThan(64 * MB);
    } finally {
      child.kill();
    }
  });
});

/** Reads an answer without keeping it, counting HOST elements and bytes. */
function drain(hello: Hello, path: string, note: (bytes: number) => void): Promise<{ bytes: number; count: number }> {
  const headers = {
    'User-Agent': 'test',
    'X-Requested-With': 'test',
    Authorization: `Basic ${Buffer.from(hello.user).toString('base64')}`,
  };
  return new Promise((resolve, reject) => {
    const call = request(hello.url + path, { headers, agent: false }, (response) => {
      let bytes = 0;
      let count = 0;
      let rest = '';
      response.setEncoding('latin1');
      response.on('data', (text: string) => {
        bytes += text.length;
        const all = rest + text;
        count += all.split('<HOST>').length - 1;
        rest = all.slice(-5);
        note(bytes);
      });
      response.on('end', () => resolve({ bytes, count }));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}
