const whole = new Intl.NumberFormat('en');
export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : whole.format(value);

/** 1536 → 1.5 KiB. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let rest = value;
  let unit = 0;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${rest < 10 && unit > 0 ? rest.toFixed(1) : Math.round(rest)} ${units[unit]}`;
}

/** 93000 ms → 1 min 33 s. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  const parts: readonly [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const said = parts.filter(([value]) => value > 0).slice(0, 2);
  return said.length === 0 ? '0 s' : said.map(([value, unit]) => `${value} ${unit}`).join(' ');
}

/** `5 min ago`, `in 2 h`. */
export function relative(ms: number, now: number): string {
  const away = Math.abs(ms - now);
  if (away < 5000) return 'now';
  const [said = ''] = duration(away).split(/(?<=[a-z]) /);
  return ms < now ? `${said} ago` : `in ${said}`;
}

/** `first_found` → First found. */
export const words = (name: string): string => {
  const said = name
    .replaceAll('_', ' ')
    .replace(/\b(ip|qid|qds|cve|cves|os|fqdn|id|ssl|ips|macs|url|dns|pci|dn)\b/g, (word) =>
      /^(ips|macs|cves)$/.test(word) ? `${word.slice(0, -1).toUpperCase()}s` : word.toUpperCase(),
    );
  return said.charAt(0).toUpperCase() + said.slice(1);
};

/** `2026-11-20 10:00:00 UTC`. */
export const absolute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
