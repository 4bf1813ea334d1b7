import { at, firstText, items, sorted, text, time, whole } from '../values.ts';
import type { ObjectKind } from './object.ts';

/** Qualys users. A login may be given again: user id and creation tell the holders apart. */
export const users: ObjectKind = {
  dataset: 'users',
  table: 'qualys_user',
  key: {
    login: (_, [login]) => login ?? '',
    user_id: (_, [, id]) => id ?? '',
    created: (_, [, , created]) => time(created),
  },
  optional: ['user_id', 'created'],
  columns: {
    external_id: (user) => text(user['EXTERNAL_ID']),
    first_name: (user) => text(at(user, 'CONTACT_INFO', 'FIRSTNAME')),
    last_name: (user) => text(at(user, 'CONTACT_INFO', 'LASTNAME')),
    email: (user) => text(at(user, 'CONTACT_INFO', 'EMAIL')),
    title: (user) => text(at(user, 'CONTACT_INFO', 'TITLE')),
    company: (user) => text(at(user, 'CONTACT_INFO', 'COMPANY')),
    status: (user) => text(user['USER_STATUS']),
    role: (user) => text(user['USER_ROLE']),
    business_unit: (user) => text(user['BUSINESS_UNIT']),
    asset_groups: (user) =>
      JSON.stringify(sorted(items(at(user, 'ASSIGNED_ASSET_GROUPS', 'ASSET_GROUP_TITLE')).map((title) => text(title)))),
    last_login: (user) => time(user['LAST_LOGIN_DATE']),
  },
};

export const tickets: ObjectKind = {
  dataset: 'tickets',
  table: 'ticket',
  key: { number: (_, [number]) => whole(number) },
  columns: {
    state: (ticket) => text(ticket['CURRENT_STATE']),
    status: (ticket) => text(ticket['CURRENT_STATUS']),
    invalid: (ticket) => whole(ticket['INVALID']),
    assignee: (ticket) => firstText(at(ticket, 'ASSIGNEE', 'LOGIN'), at(ticket, 'ASSIGNEE', 'NAME')),
    assignee_email: (ticket) => text(at(ticket, 'ASSIGNEE', 'EMAIL')),
    host: (ticket) => whole(at(ticket, 'DETECTION', 'HOST_ID')),
    ip: (ticket) => text(at(ticket, 'DETECTION', 'IP')),
    dns: (ticket) => text(at(ticket, 'DETECTION', 'DNSNAME')),
    port: (ticket) => whole(at(ticket, 'DETECTION', 'PORT')),
    protocol: (ticket) => text(at(ticket, 'DETECTION', 'PROTOCOL')),
    qid: (ticket) => whole(at(ticket, 'VULNINFO', 'QID')),
    title: (ticket) => text(at(ticket, 'VULNINFO', 'TITLE')),
    severity: (ticket) => whole(at(ticket, 'VULNINFO', 'SEVERITY')),
    cves: (ticket) =>
      JSON.stringify(sorted(items(at(ticket, 'VULNINFO', 'CVE_ID_LIST', 'CVE_ID')).map((cve) => text(cve)))),
    created: (ticket) => time(ticket['CREATION_DATETIME']),
    due: (ticket) => time(ticket['DUE_DATETIME']),
    last_found: (ticket) => time(at(ticket, 'STATS', 'LAST_FOUND_DATETIME')),
    last_closed: (ticket) => time(at(ticket, 'STATS', 'LAST_CLOSED_DATETIME')),
  },
};
