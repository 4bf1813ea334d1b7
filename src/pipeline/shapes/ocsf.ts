import type { ShapedEvent, ShapeFacts } from './event.ts';
import { fileActivity, scanActivity, userActivity } from './ocsf/activities.ts';
import { type OcsfClass, ocsfEvent } from './ocsf/base.ts';
import {
  complianceFinding,
  fimIncident,
  ticketIncident,
  vulnerabilityFinding,
  webappFinding,
} from './ocsf/findings.ts';
import {
  deviceInventory,
  entityManagement,
  osintInventory,
  resourceInventory,
  userInventory,
} from './ocsf/inventory.ts';

/** Which class a data set's records are; those that are not named here are objects of the subscription's administration. */
const CLASSES: ReadonlyMap<string, (event: ShapedEvent, facts: ShapeFacts) => OcsfClass> = new Map<
  string,
  (event: ShapedEvent, facts: ShapeFacts) => OcsfClass
>([
  ['host_list_detection', vulnerabilityFinding],
  ['vm_scan_results', vulnerabilityFinding],
  ['webapp_findings', webappFinding],
  ['compliance_posture', complianceFinding],
  ['tickets', ticketIncident],
  ['fim_incidents', fimIncident],
  ['fim_events', fileActivity],
  ['user_activity', userActivity],
  ['vm_scans', scanActivity],
  ['compliance_scans', scanActivity],
  ['host_list', deviceInventory],
  ['host_assets', deviceInventory],
  ['assets', deviceInventory],
  ['appliances', deviceInventory],
  ['ips', deviceInventory],
  ['users', userInventory],
  ['knowledge_base', osintInventory],
  ['certificates', resourceInventory],
  ['webapps', resourceInventory],
]);

/** An event of the Open Cybersecurity Schema Framework 1.8.0. */
export function ocsf(event: ShapedEvent, facts: ShapeFacts): Record<string, unknown> {
  return ocsfEvent(event, facts, (CLASSES.get(facts.dataset) ?? entityManagement)(event, facts));
}
