/** Events and incidents of FIM as JSON; keys and their order as in the samples. */
import { agentOf, machineOf } from '../../world/asset.ts';
import { type FimEvent, fimFacts, incidentOf } from '../../world/fim.ts';
import type { FimIncident } from '../../world/fim-incident.ts';
import { tagsOf } from '../../world/host.ts';
import { dice, hash, uuid } from '../../world/random.ts';
import { DAY } from '../../world/time.ts';
import type { World } from '../../world/world.ts';

const CUSTOMER = 'dd00a419-42fc-4be5-8205-9cba35e3b647';
/** `2021-02-15T09:05:49.980+0000`: no colon in the zone. */
const dated = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

export function eventRecord(world: World, event: FimEvent, now: number): Record<string, unknown> {
  const facts = fimFacts(event, world.host(event.n));
  const attributes = facts.action === 'Attributes';
  return {
    dateTime: dated(event.happened),
    fullPath: facts.fullPath,
    severity: facts.severity,
    profiles: [profile(world.seed, facts.severity, facts.platform)],
    type: facts.type,
    changedAttributes: attributes ? [2, 4, 8, 16] : null,
    platform: facts.platform,
    oldContent: null,
    processedTime: dated(event.processed),
    actor: {
      process: facts.process,
      processID: facts.processId,
      imagePath: facts.imagePath,
      userName: facts.userName,
      userID: facts.userId,
    },
    newContent: facts.action === 'Content' ? 'naïve café\n\tline 2 "quoted"' : null,
    customerId: CUSTOMER,
    name: facts.name,
    action: facts.action,
    id: event.id,
    asset: assetOf(world, event),
    incidentId: incidentOf(world, event, now) ?? null,
    class: 'Disk',
    ...(attributes ? { attributes: { old: null, new: ['Archive'] } } : {}),
  };
}

function profile(seed: number, severity: number, platform: string): object {
  const d = dice(hash(seed, severity, 0x9f0));
  const rule = {
    severity,
    number: 1,
    name: platform === 'WINDOWS' ? 'System32' : '/etc',
    description: '',
    section: null,
  };
  return {
    name: `PCI ${severity} <default>`,
    rules: [{ ...rule, id: uuid(d), type: 'directory' }],
    id: uuid(d),
    type: platform,
    category: { name: 'PCI', id: '2dab5022-2fdd-11e7-93ae-92361f002671' },
  };
}

/** The machine as it stood when the event was processed. */
function assetOf(world: World, { n, processed }: FimEvent): object {
  const host = world.host(n);
  const { mac, lastUser } = machineOf(world.seed, host);
  const agent = agentOf(world.seed, host);
  const seen = world.scanOf(n, processed)?.scanned ?? processed;
  return {
    agentId: agent?.id ?? null,
    interfaces: [{ hostname: host.hostname ?? null, macAddress: mac, address: host.ip, interfaceName: 'eth0' }],
    lastCheckedIn: new Date(seen).toISOString(),
    created: dated(host.life.birth),
    hostId: String(host.id),
    operatingSystem: host.os ?? null,
    tags: tagsOf(world.seed, host, processed).map(({ id }) => String(id)),
    assetType: 'HOST',
    system: { lastBoot: new Date(host.life.firstScan - 3 * DAY).toISOString() },
    ec2: null,
    lastLoggedOnUser: lastUser,
    netbiosName: host.netbios ?? null,
    name: host.hostname ?? host.ip,
    agentVersion: agent?.version ?? null,
    updated: dated(seen),
  };
}

/** Epoch milliseconds in createdBy and lastUpdatedBy, `+0000` dates elsewhere, as in the sample. */
export function incidentRecord(incident: FimIncident, now: number): Record<string, unknown> {
  const closed = incident.closed !== undefined && incident.closed <= now ? incident.closed : undefined;
  const user = { name: 'quarry_sim', id: 'b0f6a2a6-0e2d-4c8e-8dc4-000000000001' };
  const window = `dateTime: ['${new Date(incident.from).toISOString()}'..'${new Date(incident.to).toISOString()}']`;
  return {
    approvalStatus: closed === undefined ? 'PENDING' : incident.verdict,
    marked: false,
    lastUpdatedBy: { date: closed ?? incident.created, user },
    filterToDate: dated(incident.to),
    approvalDate: closed === undefined ? null : dated(closed),
    assignDate: dated(incident.created),
    approvalType: 'MANUAL',
    changeType: closed === undefined ? null : incident.changeType,
    markupStatus: null,
    filters: [window],
    type: incident.automated ? 'AUTOMATED' : 'DEFAULT',
    reviewers: incident.reviewers,
    deleted: false,
    filterFromDate: dated(incident.from),
    createdBy: { date: incident.created, user },
    customerId: CUSTOMER,
    name: incident.name,
    ruleName: incident.automated ? 'Outside the change window' : null,
    comment: closed === undefined ? null : incident.comment,
    dispositionCategory: closed === undefined ? null : incident.disposition,
    id: incident.id,
    ruleId: incident.automated ? '5a1c2e6b-0000-4000-8000-000000000007' : null,
    status: closed === undefined ? 'OPEN' : 'CLOSED',
  };
}
