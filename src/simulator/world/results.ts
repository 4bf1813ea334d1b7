import { chance, type Dice, dice, int, pick } from './random.ts';
import type { ResultKind } from './vulnerabilities.ts';

/**
 * RESULTS as Qualys sends it: the text a parser must hand on, character for character. Qualys escapes markup a second
 * time inside CDATA, so most texts hold `&lt;` and friends literally; a few do not, and those may hold `]]>`.
 */

const PACKAGES =
  'openssl kernel glibc curl python3 java-11-openjdk systemd sudo libxml2 expat openssh-server krb5-libs nss'.split(
    ' ',
  );
const WORDS =
  'KB5034439 is not installed %windir%\\System32\\ntoskrnl.exe file version detected on port over TCP subject CN issuer self-signed cipher TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 MEDIUM HIGH GRADE remote host vulnerable 10.0.17763.5329 Program Files (x86) Common Files'.split(
    ' ',
  );
const NON_ASCII = [
  'Benutzername für Dienst: München',
  'C:\\Données\\été\\fichier.txt',
  '共有フォルダ: 経理部',
  'Пользователь: администратор',
  'naïve café – “quoted” … €',
  'emoji 🔒 in share name',
];
const CHAIN = 'unable to get local\nissuer certificate\n';

export function resultsText(kind: ResultKind, seed: number, qid: number): string {
  const d = dice(seed);
  let text = body(kind, d, qid);
  if (chance(d, 0.06)) text += pick(d, NON_ASCII);
  if (chance(d, 0.15)) text += ' doesn&apos;t resolve';
  if (chance(d, 0.004)) text += ' if (a[b[0]]>c) { return &quot;]]>&quot;; }';
  if (chance(d, 0.001)) text = long(text, int(d, 40, 400));
  return text;
}

function body(kind: ResultKind, d: Dice, qid: number): string {
  switch (kind) {
    case 'packages':
      return packageTable(d);
    case 'registry':
      return `HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\tHotFix = KB${int(d, 5_000_000, 5_060_000)} is missing.\n${prose(d, int(d, 4, 30))}`;
    case 'http':
      return `GET /${int(d, 1, 999)} HTTP/1.1\nHTTP/1.1 200 OK\nServer: Apache/2.4.${int(d, 1, 62)} (Unix) PHP/8.${int(d, 0, 3)}\nSet-Cookie: a=b; path=/\n&lt;html&gt;&lt;title&gt;It&#39;s &quot;ok&quot; &amp; fine&lt;/title&gt;&lt;b&gt;${qid}&lt;/b&gt;&lt;/html&gt;\n`;
    case 'certificate':
      return `Certificate #0 CN=host-${int(d, 1, 9999)}.corp.example,O=Example &amp; Söhne ${chance(d, 0.5) ? CHAIN : `(issued by <self>)\tvalid until 20${int(d, 20, 30)}\n`}`;
    case 'prose':
      return prose(d, chance(d, 0.05) ? int(d, 100, 900) : int(d, 8, 60));
  }
}

function packageTable(d: Dice): string {
  let t = 'Package\tInstalled Version\tRequired Version\n';
  const rows = chance(d, 0.08) ? int(d, 10, 60) : int(d, 1, 6);
  for (let i = 0; i < rows; i++) {
    const minor = int(d, 0, 30);
    const build = int(d, 1, 60);
    t += `${pick(d, PACKAGES)}.x86_64\t8.${minor}.${build % 10}-${build}.el8\t8.${minor}.${build % 10}-${build + 7}.el8_9\n`;
  }
  return t;
}

function prose(d: Dice, words: number): string {
  let t = '';
  for (let i = 0; i < words; i++) t += (i === 0 ? '' : i % 11 === 0 ? '\n' : ' ') + pick(d, WORDS);
  return t;
}

/** A few texts are very long; at Qualys some reach megabytes. */
function long(text: string, times: number): string {
  return `${text}\n`.repeat(times);
}
