import type { Host } from './host.ts';
import { dice, hash, int, roll } from './random.ts';
import { DAY } from './time.ts';

/** What is installed on a host. Versions rise as weeks go by; a product's id, as at Qualys, is beyond 2^53. */
export interface Software {
  readonly id: bigint;
  readonly product: string;
  readonly publisher: string;
  readonly category: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly installed: number;
  readonly updated: number;
}

const PRODUCTS = [
  ['OpenSSL', 'OpenSSL Project', 'Security / Cryptography'],
  ['Google Chrome', 'Google', 'Network Application / Internet Browser'],
  ['Mozilla Firefox', 'Mozilla', 'Network Application / Internet Browser'],
  ['Java SE Runtime', 'Oracle', 'Application Development / Runtime'],
  ['Python', 'Python Software Foundation', 'Application Development / Runtime'],
  ['curl', 'Haxx', 'Network Application / File Transfer'],
  ['Microsoft Office', 'Microsoft', 'Productivity / Office Suite'],
  ['Visual C++ 2019 Redistributable (x64) - 14.29', 'Microsoft', 'Application Development / Libraries'],
  ['nginx', 'F5 <Nginx>', 'Web Server / HTTP'],
  ['Apache HTTP Server', 'Apache', 'Web Server / HTTP'],
  ['PostgreSQL', 'PostgreSQL Global Development Group', 'Databases / RDBMS'],
  ['MySQL Server', 'Oracle', 'Databases / RDBMS'],
  ['sudo', 'Sudo Project', 'Security / Access Control'],
  ['openssh-server', 'OpenBSD', 'Network Application / Remote Access'],
  ['Notepad++ (64-bit x64)', 'Notepad++ Team', 'Productivity / Editor'],
  ['Café Manager “Pro”', 'Société Générale du Logiciel', 'Business / Retail'],
  ['勘定奉行', 'OBC', 'Business / Accounting'],
  ['7-Zip', 'Igor Pavlov', 'Utilities / Compression'],
  ['Qualys Cloud Agent', 'Qualys', 'Security / Agent'],
  ['Zoom', 'Zoom & Partners', 'Communication / Conferencing'],
] as const;

const FIRST_ID = 8_464_359_598_295_418_000n;
const RELEASE = 45 * DAY;

/** Empty for hosts nobody looked into. `scanned` is the time of the scan that read it. */
export function softwareOf(seed: number, host: Host, scanned: number): readonly Software[] {
  if (!host.authenticated) return [];
  const d = dice(hash(seed, host.n * 2, 0x50f7));
  const count = int(d, 3, 14);
  const start = int(d, 0, PRODUCTS.length - 1);
  return Array.from({ length: count }, (_, i) => {
    const at = (start + i * 3) % PRODUCTS.length;
    const [product, publisher, category] = PRODUCTS[at]!;
    const born = host.life.birth + Math.floor(roll(d) * 20) * DAY;
    const releases = Math.max(0, Math.floor((scanned - born) / RELEASE));
    return {
      id: FIRST_ID + BigInt(at) * 1_000_003n + BigInt(releases % 1000),
      product,
      publisher,
      category,
      version: `${1 + (at % 9)}.${releases}.${at}`,
      installed: born,
      updated: born + releases * RELEASE,
    };
  });
}
