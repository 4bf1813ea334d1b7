/** What inventories tell about a host beyond the host list: machine, network, agent. Pure functions of host and time. */
import type { Host } from './host.ts';
import { dice, hash, hex, int, pick, roll, uuid } from './random.ts';
import { DAY } from './time.ts';

export interface Machine {
  readonly uuid: string;
  readonly manufacturer: string;
  readonly model: string;
  /** Megabytes. */
  readonly memory: number;
  readonly cpus: number;
  readonly processor: string;
  /** Megahertz. */
  readonly speed: number;
  readonly bios: string;
  readonly timeZone: string;
  readonly mac: string;
  readonly accounts: readonly string[];
  readonly lastUser: string;
  /** Bytes. */
  readonly volumes: readonly { readonly name: string; readonly size: number; readonly free: number }[];
  readonly ports: readonly Port[];
}

export interface Port {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly service: string;
}

export interface Agent {
  /** The agent's UUID; GAV says agentId, FIM asset.agentId. */
  readonly id: string;
  readonly version: string;
  readonly platform: 'Windows' | 'Linux';
  readonly activationId: string;
}

const PORTS: readonly Port[] = [
  { port: 22, protocol: 'TCP', service: 'ssh' },
  { port: 80, protocol: 'TCP', service: 'http' },
  { port: 443, protocol: 'TCP', service: 'http over ssl' },
  { port: 445, protocol: 'TCP', service: 'microsoft-ds' },
  { port: 3389, protocol: 'TCP', service: 'win_remote_desktop' },
  { port: 161, protocol: 'UDP', service: 'snmp' },
  { port: 5432, protocol: 'TCP', service: 'postgresql' },
];

export function isWindows(host: Host): boolean {
  return host.os?.startsWith('Windows') ?? false;
}

export function assetUuid(seed: number, n: number): string {
  return uuid(dice(hash(seed, n * 2, 0xa55e)));
}

export function machineOf(seed: number, host: Host): Machine {
  const d = dice(hash(seed, host.n * 2, 0x3ac4));
  const windows = isWindows(host);
  const accounts = windows
    ? ['Administrator', 'Gäste', 'DefaultAccount']
    : ['root', 'daemon', 'postgres', 'svc-backup'];
  const size = int(d, 40, 900) * 1_073_741_824;
  const first = int(d, 0, PORTS.length - 1);
  return {
    uuid: assetUuid(seed, host.n),
    manufacturer: pick(d, ['VMware', 'Dell', 'Hewlett Packard Enterprise', 'Lenovo & Co']),
    model: pick(d, ['VMware Virtual Platform', 'PowerEdge R640', 'ProLiant DL380 <Gen10>', 'ThinkPad T14']),
    memory: 1024 * 2 ** int(d, 1, 7),
    cpus: 2 ** int(d, 0, 5),
    processor: 'Intel(R) Xeon(R) Gold 6248R CPU @ 3.00GHz',
    speed: int(d, 1800, 3600),
    bios: `Phoenix Technologies LTD 6.00 ${int(d, 1, 12)}/12/2020`,
    timeZone: pick(d, ['+00:00', '+01:00', '-05:00', '+09:00']),
    mac: Array.from({ length: 6 }, () => hex(d, 2)).join(':'),
    accounts: accounts.slice(0, int(d, 1, accounts.length)),
    lastUser: windows ? '.\\Administrator' : 'root',
    volumes: [{ name: windows ? 'C:\\' : '/', size, free: Math.floor(size * roll(d)) }],
    ports: Array.from({ length: int(d, 1, 4) }, (_, i) => PORTS[(first + i) % PORTS.length]!),
  };
}

/** Undefined for hosts without an agent. */
export function agentOf(seed: number, host: Host): Agent | undefined {
  if (!host.agent || host.qgHostId === undefined) return undefined;
  const d = dice(hash(seed, host.n * 2, 0xa9e7));
  return {
    id: host.qgHostId,
    version: pick(d, ['4.1.0.313', '5.6.1.24', '6.2.0.18']),
    platform: isWindows(host) ? 'Windows' : 'Linux',
    activationId: uuid(dice(hash(seed, int(d, 0, 3), 0xac71))),
  };
}

/** When a host's tags changed last: the wandering tag comes to a host every ninth day and goes the next. */
export function lastTagChange(seed: number, n: number, t: number): number {
  const today = Math.floor(t / DAY);
  const since = (today + n * 2 + (hash(seed, n * 2, 0x7a6) % 9)) % 9;
  return (today - Math.max(0, since - 1)) * DAY;
}
