/** Truth of addresses, asset groups, reports, tickets, users, appliances and compliance. */
import { addressesText } from './world/addresses.ts';
import { appliancesAt } from './world/appliances.ts';
import { complianceScansAt } from './world/compliance-scans.ts';
import { controlsAt } from './world/controls.ts';
import { groupsAt } from './world/groups.ts';
import { addressesAt } from './world/ips.ts';
import { peopleAt } from './world/people.ts';
import { policiesAt } from './world/policies.ts';
import { posturesAt } from './world/posture.ts';
import { reportsAt } from './world/reports.ts';
import { ticketsAt } from './world/tickets.ts';
import { stamp } from './world/time.ts';
import type { World } from './world/world.ts';

type Told = (
  world: World,
  at: number,
) => Iterable<{ readonly key: readonly string[]; readonly [field: string]: unknown }>;

/** In this order. */
const TOLD = {
  *ips(world, at) {
    for (const one of addressesAt(world, at)) yield { key: [addressesText(one), String(one.networkId)] };
  },
  *asset_groups(world, at) {
    for (const { id, title, lastUpdate } of groupsAt(world, at)) {
      yield { key: [String(id)], title, last_update: stamp(lastUpdate) };
    }
  },
  *reports(world, at) {
    for (const { id, state, launched } of reportsAt(world, at)) {
      yield { key: [String(id)], state, launched: stamp(launched) };
    }
  },
  *tickets(world, at) {
    for (const ticket of ticketsAt(world, at)) {
      if (ticket === undefined) continue;
      const { number, state, modified, invalid, host, detection } = ticket;
      const { qid } = detection.vulnerability;
      const found = { host_id: String(host.id), qid: String(qid), unique_vuln_id: String(detection.uniqueId) };
      yield { key: [String(number)], state, invalid, modified: stamp(modified), ...found };
    }
  },
  *users(world, at) {
    for (const { login, id, status, role, created } of peopleAt(world, at)) {
      yield { key: [login, String(id), stamp(created)], status, role };
    }
  },
  *appliances(world, at) {
    for (const { id, name, online } of appliancesAt(world, at)) {
      yield { key: [String(id)], name, status: online ? 'Online' : 'Offline' };
    }
  },
  *compliance_scans(world, at) {
    for (const { ref, id, state, processed, launched } of complianceScansAt(world, at, 0)) {
      yield { key: [ref], id: String(id), state, processed, launched: stamp(launched) };
    }
  },
  *compliance_controls(world, at) {
    for (const { id, updated } of controlsAt(world, at)) yield { key: [String(id)], updated: stamp(updated) };
  },
  *compliance_policies(world, at) {
    for (const { id, title, active, evaluated } of policiesAt(world, at)) {
      const last = evaluated === undefined ? undefined : stamp(evaluated.last);
      yield { key: [String(id)], title, status: active ? 'active' : 'inactive', last_evaluated: last };
    }
  },
  *compliance_posture(world, at) {
    for (const policy of policiesAt(world, at)) {
      for (const posture of posturesAt(world, policy, at)) {
        if (posture === undefined) continue;
        const { id, host, control, technology, instance = '', status, modified } = posture;
        const key = [policy.id, host.id, control.id, technology.id, instance].map(String);
        yield { key, id: String(id), status, modified: stamp(modified) };
      }
    }
  },
} satisfies Record<string, Told>;

/** The lines of the data sets wanted. */
export function* recordsTruthLines(world: World, at: number, wanted: (dataset: string) => boolean): Generator<string> {
  for (const [dataset, told] of Object.entries<Told>(TOLD)) {
    if (!wanted(dataset)) continue;
    for (const fields of told(world, at)) yield JSON.stringify({ dataset, ...fields });
  }
}
