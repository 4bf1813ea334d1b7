import { provenance, type ShapedEvent, type ShapeFacts, timeOf } from '../event.ts';
import { said, time } from '../values.ts';

/** The version of the Open Cybersecurity Schema Framework the events are of. */
export const OCSF_VERSION = '1.8.0';

/** What a class says of an event; `activity_id`, `severity_id` and what is required beyond the base is always there. */
export interface OcsfClass {
  readonly class_uid: number;
  readonly activity_id: number;
  readonly severity_id?: number;
  /** `metadata.product.name`; the vendor is Qualys. */
  readonly product?: string;
  /** `metadata.correlation_uid`. */
  readonly correlation?: string | undefined;
  /** Attributes of the class itself. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

const CLASSES: ReadonlyMap<number, string> = new Map([
  [1001, 'File System Activity'],
  [2002, 'Vulnerability Finding'],
  [2003, 'Compliance Finding'],
  [2005, 'Incident Finding'],
  [2007, 'Application Security Posture Finding'],
  [3001, 'Account Change'],
  [3002, 'Authentication'],
  [3004, 'Entity Management'],
  [5001, 'Device Inventory Info'],
  [5003, 'User Inventory Info'],
  [5021, 'OSINT Inventory Info'],
  [5023, 'Cloud Resources Inventory Info'],
  [6003, 'API Activity'],
  [6007, 'Scan Activity'],
]);

const CATEGORIES: ReadonlyMap<number, string> = new Map([
  [1, 'System Activity'],
  [2, 'Findings'],
  [3, 'Identity & Access Management'],
  [5, 'Discovery'],
  [6, 'Application Activity'],
]);

/** The attributes every event has, around those of its class. The whole record stands under `unmapped.qualys`. */
export function ocsfEvent(event: ShapedEvent, facts: ShapeFacts, made: OcsfClass): Record<string, unknown> {
  const { class_uid, activity_id, severity_id = 0, product = 'Cloud Platform', correlation, attributes } = made;
  const category = Math.floor(class_uid / 1000);
  return {
    ...said({ ...attributes }),
    activity_id,
    category_uid: category,
    category_name: CATEGORIES.get(category),
    class_uid,
    class_name: CLASSES.get(class_uid),
    type_uid: class_uid * 100 + activity_id,
    severity_id,
    time: timeOf(event, facts),
    metadata: said({
      version: OCSF_VERSION,
      product: { name: product, vendor_name: 'Qualys' },
      uid: event.id,
      tenant_uid: facts.tenant,
      log_name: facts.dataset,
      original_time: event.time,
      processed_time: facts.pulledAt,
      sequence: event.seq,
      correlation_uid: correlation,
      labels: event.flags,
    }),
    unmapped: { qualys: event.record, quarry: provenance(event, facts) },
  };
}

/** What a record without a name is called: its key, or the event's id. */
export function nameless({ key, id }: ShapedEvent): string {
  const named = key.filter((part) => part.trim() !== '').join(' ');
  return named === '' ? id : named;
}

/** 1 Log for what changed, 2 Collect for what is seen first: what the inventory classes know. */
export const inventoryActivity = ({ change }: ShapedEvent): number => (change === 'new' ? 2 : 1);

/** What an inventory class says of an object that is gone. */
export const goneStatus = ({ change, reason }: ShapedEvent): Record<string, unknown> =>
  change === 'removed' ? said({ status_id: 99, status: 'Removed', status_detail: reason }) : {};

/** A text of ours as epoch milliseconds. */
export const ms = (moment: string | undefined): number | undefined => time(moment);
