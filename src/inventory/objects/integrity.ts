import { at, text, time, whole } from '../values.ts';
import type { ObjectKind } from './object.ts';

/** File integrity: what changed, where, by whom. */
export const fimEvents: ObjectKind = {
  dataset: 'fim_events',
  table: 'fim_event',
  key: { id: (_, [id]) => id ?? '' },
  columns: {
    at: (one) => time(one['dateTime']),
    processed: (one) => time(one['processedTime']),
    host: (one) => whole(at(one, 'asset', 'hostId')),
    agent: (one) => text(at(one, 'asset', 'agentId')).toLowerCase(),
    device_name: (one) => text(at(one, 'asset', 'name')),
    action: (one) => text(one['action']),
    path: (one) => text(one['fullPath']),
    kind: (one) => text(one['type']),
    severity: (one) => whole(one['severity']),
    process: (one) => text(at(one, 'actor', 'process')),
    user_name: (one) => text(at(one, 'actor', 'userName')),
    incident: (one) => text(one['incidentId']),
  },
};

export const fimIncidents: ObjectKind = {
  dataset: 'fim_incidents',
  table: 'fim_incident',
  key: { id: (_, [id]) => id ?? '' },
  columns: {
    name: (one) => text(one['name']),
    status: (one) => text(one['status']),
    type: (one) => text(one['type']),
    approval: (one) => text(one['approvalStatus']),
    disposition: (one) => text(one['dispositionCategory']),
    rule: (one) => text(one['ruleName']),
    created: (one) => time(at(one, 'createdBy', 'date')),
    updated: (one) => time(at(one, 'lastUpdatedBy', 'date')),
    comment: (one) => text(one['comment']),
  },
};
