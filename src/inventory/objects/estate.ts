import { at, commas, firstText, items, sorted, text, time, whole } from '../values.ts';
import type { ObjectKind } from './object.ts';

export const appliances: ObjectKind = {
  dataset: 'appliances',
  table: 'appliance',
  key: { id: (_, [id]) => whole(id) },
  columns: {
    name: (one) => text(one['NAME']),
    uuid: (one) => text(one['UUID']),
    status: (one) => text(one['STATUS']),
    type: (one) => text(one['TYPE']),
    model: (one) => text(one['MODEL_NUMBER']),
    serial: (one) => text(one['SERIAL_NUMBER']),
    software: (one) => text(one['SOFTWARE_VERSION']),
    ip: (one) => text(at(items(one['INTERFACE_SETTINGS'])[0], 'IP_ADDRESS')),
    heartbeats_missed: (one) => whole(one['HEARTBEATS_MISSED']),
    last_connected: (one) => time(one['SS_LAST_CONNECTED']),
    updated: (one) => time(one['LAST_UPDATED_DATE']),
  },
};

export const tags: ObjectKind = {
  dataset: 'tags',
  table: 'tag',
  key: { id: (_, [id]) => whole(id) },
  columns: {
    name: (one) => text(one['name']),
    rule_type: (one) => text(one['ruleType']),
    rule: (one) => text(one['ruleText']),
    parent: (one) => whole(one['parentTagId']),
    criticality: (one) => whole(one['criticalityScore']),
    created: (one) => time(one['created']),
    modified: (one) => time(one['modified']),
  },
};

export const assetGroups: ObjectKind = {
  dataset: 'asset_groups',
  table: 'asset_group',
  key: { id: (_, [id]) => whole(id) },
  columns: {
    title: (one) => text(one['TITLE']),
    owner: (one) => firstText(one['OWNER_USER_NAME'], one['OWNER_USER_ID']),
    business_impact: (one) => text(one['BUSINESS_IMPACT']),
    hosts: (one) => commas(one['HOST_IDS']).length,
    addresses: (one) =>
      JSON.stringify(
        sorted([
          ...items(at(one, 'IP_SET', 'IP')).map((ip) => text(ip)),
          ...items(at(one, 'IP_SET', 'IP_RANGE')).map((range) => text(range)),
        ]),
      ),
    updated: (one) => time(one['LAST_UPDATE']),
  },
};

/** Addresses of the subscription, scanned or not: `10.0.0.1` or `10.0.0.1-10.0.0.9`. */
export const ips: ObjectKind = {
  dataset: 'ips',
  table: 'address_range',
  key: { addresses: (_, [addresses]) => addresses ?? '', network: (_, [, network]) => network ?? '' },
  optional: ['network'],
  columns: {},
};
