import { type ShapedEvent, type ShapeFacts, timeOf } from './event.ts';
import { findingOf } from './finding.ts';
import { hostOf, isAddress } from './host.ts';
import { said, text, withoutBlanks } from './values.ts';

const HOSTS = 'qualys_hosts';
const VULNERABILITIES = 'qualys_vulnerabilities';
const SOURCE = 'qualys_cloud_platform';

const classOf = ({ destinations, dataset }: ShapeFacts): string => destinations?.interflow ?? `qualys_${dataset}`;

/** The indices a record goes to: hosts to Syslog and Assets, vulnerabilities to Syslog and Scans, all else to Syslog. */
export function indicesOf(facts: ShapeFacts): readonly string[] {
  const msgClass = classOf(facts);
  if (msgClass === HOSTS) return ['Syslog', 'Assets'];
  return msgClass === VULNERABILITIES ? ['Syslog', 'Scans'] : ['Syslog'];
}

/** Interflow records of an event, one per index: standard fields, and the record under `qualys` without blank values. */
export function interflow(event: ShapedEvent, facts: ShapeFacts): readonly Record<string, unknown>[] {
  const host = hostOf(facts.dataset, event.record);
  const finding = findingOf(event, facts);
  const ip = host?.ips[0];
  const common = said({
    msg_class: classOf(facts),
    msg_origin: {
      vendor: 'qualys',
      source: SOURCE,
      category: 'security_scan',
      processor: { name: SOURCE, type: 'log_collector' },
    },
    tenant_name: facts.tenant,
    timestamp: timeOf(event, facts),
    hostname: host?.fqdn ?? host?.hostname ?? host?.name,
    ip,
    srcip: ip ?? (facts.dataset === 'user_activity' ? userAddress(event) : undefined),
    mac: host?.macs[0],
    vulnerability: said({
      qid: finding?.qid,
      severity: finding?.severity,
      status: finding?.status,
      title: finding?.title,
      cve: finding?.cves,
    }),
    event_id: event.id,
    event_change: event.change,
    event_reason: event.reason,
    event_flags: event.flags,
    qualys: withoutBlanks(event.record) ?? {},
  });
  return indicesOf(facts).map((index) => ({ index, ...common }));
}

/** Where a user of the activity log came from. */
function userAddress({ record }: ShapedEvent): string | undefined {
  const address = text(record['User IP'])?.trim();
  return address !== undefined && isAddress(address) ? address : undefined;
}
