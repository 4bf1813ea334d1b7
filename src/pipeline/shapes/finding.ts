import { createHash } from 'node:crypto';
import type { KnowledgeEntry } from '../../core/knowledge.ts';
import type { Fields } from '../../core/words.ts';
import { type EventHead, eventHead } from '../event-head.ts';
import type { EventSource } from '../shape-raw.ts';
import type { ShapedEvent, ShapeFacts } from './event.ts';
import { at, integer, iso, list, number, textAt, texts, truth } from './values.ts';

/** A vulnerability found on something, whatever the data set. Times are ISO 8601 UTC. */
export interface Finding {
  /** The same for every event of one finding, here and on every machine. */
  readonly uid: string;
  readonly uniqueId?: string | undefined;
  readonly qid?: number | undefined;
  /** 1 to 5; undefined where neither record nor KnowledgeBase says one. */
  readonly severity?: number | undefined;
  readonly status?: string | undefined;
  readonly type?: string | undefined;
  readonly title?: string | undefined;
  readonly category?: string | undefined;
  readonly cves: readonly string[];
  readonly cwes: readonly string[];
  readonly port?: string | undefined;
  readonly protocol?: string | undefined;
  readonly ssl?: string | undefined;
  readonly fqdn?: string | undefined;
  readonly instance?: string | undefined;
  readonly url?: string | undefined;
  readonly results?: string | undefined;
  readonly firstFound?: string | undefined;
  readonly lastFound?: string | undefined;
  readonly updated?: string | undefined;
  readonly fixed?: string | undefined;
  readonly score?: number | undefined;
  readonly factors: ReadonlyMap<string, string>;
  /** Ignored or disabled in Qualys. */
  readonly suppressed: boolean;
  readonly entry?: KnowledgeEntry | undefined;
}

/** Which part of the key, or which path of the record, holds the QID. */
const QIDS: ReadonlyMap<string, { readonly part: number } | { readonly path: readonly string[] }> = new Map<
  string,
  { readonly part: number } | { readonly path: readonly string[] }
>([
  ['host_list_detection', { part: 1 }],
  ['vm_scan_results', { part: 2 }],
  ['tickets', { path: ['VULNINFO', 'QID'] }],
  ['webapp_findings', { path: ['qid'] }],
]);

/** The QIDs of events, each once: what to look up before `ecs`, `ocsf` and `cim` are made. */
export function qidsOf(dataset: string, events: EventSource, only?: readonly number[]): number[] {
  const place = QIDS.get(dataset);
  if (place === undefined) return [];
  const found = new Set<number>();
  for (let k = 0; k < (only?.length ?? events.count); k++) {
    const i = only === undefined ? k : only[k]!;
    const qid = integer(
      'part' in place ? eventHead(events, i).key[place.part] : at(recordOf(events, i), ...place.path),
    );
    if (qid !== undefined && qid > 0) found.add(qid);
  }
  return [...found];
}

function recordOf(events: EventSource, i: number): Fields {
  const tail = events.bytes.toString('utf8', events.tailStart(i), events.tailEnd(i));
  return (JSON.parse(`{${tail}}}`) as EventHead & { record: Fields }).record;
}

/** The finding a record is; undefined for records of data sets that hold none. */
export function findingOf(event: ShapedEvent, facts: ShapeFacts): Finding | undefined {
  const read = READERS.get(facts.dataset);
  if (read === undefined) return undefined;
  const own = read(event.record);
  const entry = own.qid === undefined ? undefined : facts.knowledge.get(own.qid);
  return {
    ...own,
    uid: objectUid(event, facts),
    severity: own.severity ?? (entry === undefined || entry.severity === 0 ? undefined : entry.severity),
    title: own.title ?? (entry?.title === '' ? undefined : entry?.title),
    category: entry?.category ?? undefined,
    cves: own.cves.length > 0 ? own.cves : texts(entry?.cves ?? []),
    entry,
  };
}

/** One name for an object's key, the same here and on every machine. */
export const objectUid = (event: ShapedEvent, { tenant, subscription, dataset }: ShapeFacts): string =>
  createHash('sha256')
    .update(JSON.stringify([tenant, subscription, dataset, ...event.key]))
    .digest('hex');

type Own = Omit<Finding, 'uid' | 'category' | 'entry'>;

const READERS: ReadonlyMap<string, (record: Fields) => Own> = new Map([
  ['host_list_detection', fromDetection],
  ['vm_scan_results', fromScanResult],
  ['tickets', fromTicket],
  ['webapp_findings', fromWebappFinding],
]);

/** 1 to 5, or nothing. */
function severityIn(value: number | undefined): number | undefined {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= 5 ? value : undefined;
}

function fromDetection(found: Fields): Own {
  const factors = list(found, 'QDS_FACTORS', 'QDS_FACTOR').map(
    (factor) => [textAt(factor, '@name') ?? '', textAt(factor, '#text') ?? ''] as const,
  );
  return {
    uniqueId: textAt(found, 'UNIQUE_VULN_ID'),
    qid: integer(found['QID']),
    severity: severityIn(number(found['SEVERITY'])),
    status: textAt(found, 'STATUS'),
    type: textAt(found, 'TYPE'),
    cves: [],
    cwes: [],
    port: textAt(found, 'PORT'),
    protocol: textAt(found, 'PROTOCOL'),
    ssl: textAt(found, 'SSL'),
    fqdn: textAt(found, 'FQDN'),
    instance: textAt(found, 'INSTANCE'),
    results: textAt(found, 'RESULTS'),
    firstFound: iso(found['FIRST_FOUND_DATETIME']),
    lastFound: iso(found['LAST_FOUND_DATETIME']),
    updated: iso(found['LAST_UPDATE_DATETIME']),
    fixed: iso(found['LAST_FIXED_DATETIME']),
    score: number(found['QDS']),
    factors: new Map(factors.filter(([name, value]) => name !== '' && value !== '')),
    suppressed: truth(found['IS_IGNORED']) === true || truth(found['IS_DISABLED']) === true,
  };
}

function fromScanResult(row: Fields): Own {
  return {
    qid: integer(row['qid']),
    severity: severityIn(number(row['severity'])),
    type: textAt(row, 'type'),
    title: textAt(row, 'title'),
    cves:
      textAt(row, 'cve_id')
        ?.split(/[,;\s]+/)
        .filter((cve) => cve !== '') ?? [],
    cwes: [],
    port: textAt(row, 'port'),
    protocol: textAt(row, 'protocol'),
    ssl: textAt(row, 'ssl'),
    fqdn: textAt(row, 'fqdn'),
    instance: textAt(row, 'instance'),
    results: textAt(row, 'result') ?? textAt(row, 'results'),
    factors: new Map(),
    suppressed: false,
  };
}

function fromTicket(ticket: Fields): Own {
  const state = textAt(ticket, 'CURRENT_STATE');
  return {
    uniqueId: textAt(ticket, 'NUMBER'),
    qid: integer(at(ticket, 'VULNINFO', 'QID')),
    severity: severityIn(number(at(ticket, 'VULNINFO', 'SEVERITY'))),
    status: state,
    type: textAt(ticket, 'VULNINFO', 'TYPE'),
    title: textAt(ticket, 'VULNINFO', 'TITLE'),
    cves: texts(list(ticket, 'VULNINFO', 'CVE_ID_LIST', 'CVE_ID')),
    cwes: [],
    port: textAt(ticket, 'DETECTION', 'PORT'),
    protocol: textAt(ticket, 'DETECTION', 'PROTOCOL'),
    instance: textAt(ticket, 'DETECTION', 'INSTANCE'),
    results: textAt(ticket, 'DETAILS', 'RESULT'),
    firstFound: iso(at(ticket, 'STATS', 'FIRST_FOUND_DATETIME')),
    lastFound: iso(at(ticket, 'STATS', 'LAST_FOUND_DATETIME')),
    factors: new Map(),
    suppressed: state?.toUpperCase() === 'IGNORED',
  };
}

function fromWebappFinding(found: Fields): Own {
  return {
    uniqueId: textAt(found, 'uniqueId'),
    qid: integer(found['qid']),
    severity: severityIn(number(found['severity'])),
    status: textAt(found, 'status'),
    type: textAt(found, 'type'),
    title: textAt(found, 'name'),
    cves: [],
    cwes: texts(list(found, 'cwe', 'list', 'long')),
    url: textAt(found, 'url'),
    firstFound: iso(found['firstDetectedDate']),
    lastFound: iso(found['lastDetectedDate']),
    updated: iso(found['updatedDate']),
    fixed: iso(found['fixedDate']),
    score: number(found['detectionScore']),
    factors: new Map(),
    suppressed: truth(found['isIgnored']) === true,
  };
}

/** A package of a results table. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly fixed?: string;
}

/** The table Qualys writes into results of package checks: name, installed version, required version; else none. */
export function packagesIn(results: string | undefined): Package[] {
  if (results === undefined || !/^\s*Package\s+Installed Version\s+Required Version/.test(results)) return [];
  return results
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [name, version, fixed] = line.trim().split(/\s+/);
      return name === undefined || name === '' || version === undefined
        ? []
        : [{ name, version, ...(fixed === undefined ? {} : { fixed }) }];
    });
}
