/** Tags, asset groups, networks: the small lists hosts refer to by id. */

export interface Tag {
  readonly id: number;
  readonly name: string;
}

export interface AssetGroup {
  readonly id: number;
  readonly title: string;
}

export interface Network {
  readonly id: number;
  readonly name: string;
}

const TAG_NAMES = [
  'Cloud Agent',
  'Internet Facing Assets',
  'BU: Paiements & Crédit',
  'Env=Production',
  'Env=Test',
  'Région Île-de-France',
  'Crown Jewels',
  'Zürich DC-2',
  'PCI <in scope>',
  'Windows Server',
  'Linux',
  '資産管理',
  "Owner: O'Neil",
  'Say "cheese"',
  'Отдел продаж',
  'No Asset Group',
  'EOL ]]> soon',
  'tab\tinside',
  '🔒 restricted',
  'a&amp;b (already escaped)',
];

export const TAGS: readonly Tag[] = TAG_NAMES.map((name, n) => ({ id: 7_412_000 + n * 37, name }));

/** A tag that wanders over the hosts in the course of days. */
export const WANDERING_TAG: Tag = { id: 7_499_001, name: 'Change window: tonight' };

export const ALL_TAGS: readonly Tag[] = [...TAGS, WANDERING_TAG];

const GROUP_TITLES = [
  'All',
  'Servers',
  'Workstations',
  'DMZ',
  'Paris & Lyon',
  'München <Labor>',
  'Branch offices',
  'Cloud',
  'PCI',
  'OT',
];

export const ASSET_GROUPS: readonly AssetGroup[] = GROUP_TITLES.map((title, n) => ({ id: 1_110_000 + n * 113, title }));

/** The second network overlaps the first: the same addresses exist in both. */
export const NETWORKS: readonly Network[] = [
  { id: 0, name: 'Global Default Network' },
  { id: 2_458_227, name: 'network1' },
];

export const OPERATING_SYSTEMS = [
  'Windows Server 2019 Standard 64 bit Edition Version 1809 Build 17763',
  'Windows Server 2022 Datacenter Version 21H2 Build 20348',
  'Windows 11 Enterprise 64 bit Edition Version 23H2 Build 22631',
  'Red Hat Enterprise Linux Server 8.9',
  'Red Hat Enterprise Linux 9.4',
  'Ubuntu Linux 22.04.4',
  'Amazon Linux 2023',
  'macOS Sonoma 14.5',
  'SUSE Linux Enterprise Server 15 SP5',
  'Cisco IOS XE Software, Version 17.9 <bootflash>',
] as const;

export const DOMAINS = ['corp.example.com', 'eu.example.net', 'münchen.example.org', 'lab.example'] as const;
