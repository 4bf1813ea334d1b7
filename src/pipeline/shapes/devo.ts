import type { Fields } from '../../core/words.ts';
import { xmlFragment } from '../xml-fragment.ts';
import type { ShapedEvent, ShapeFacts } from './event.ts';

/** What Devo adds to a record: members in JSON, attributes of the root element in XML (there without the @). */
function added(event: ShapedEvent, facts: ShapeFacts): Fields {
  const environment = facts.options.environmentOf?.(facts.connection);
  return {
    '@devo_pulling_id': String(facts.pull),
    ...(environment === undefined ? {} : { '@devo_environment': environment }),
    ...(event.change === 'removed' ? { '@change': 'removed', '@reason': event.reason ?? '' } : {}),
    ...(event.flags === undefined ? {} : { '@flags': event.flags.join(',') }),
  };
}

/** The classic tables hold XML: how a record of each data set is written there. */
const CLASSIC: ReadonlyMap<string, (record: Fields, own: Fields) => string> = new Map([
  ['vm_scans', (record, own) => xmlFragment('SCAN', { ...own, ...record })],
  ['vm_scan_results', (record, own) => xmlFragment('RESULT', { ...own, ...record })],
  ['host_list', (record, own) => xmlFragment('HOST', { ...own, ...record })],
  ['host_list_detection', detection],
  ['user_activity', (record, own) => xmlFragment('ACTIVITY', { ...own, ...withoutSpaces(record) })],
]);

/** As Qualys nests it: the host around a list of one detection. */
function detection(record: Fields, own: Fields): string {
  const { HOST: host, ...found } = record;
  const around =
    typeof host === 'object' && host !== null && !Array.isArray(host) ? (host as Fields) : { HOST: host ?? '' };
  return xmlFragment('HOST', { ...own, ...around, DETECTION_LIST: { DETECTION: found } });
}

const withoutSpaces = (record: Fields): Fields =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name.replaceAll(' ', '_'), value]));

/**
 * A record for Devo, on one line: an XML fragment for the classic tables unless JSON is asked for, JSON elsewhere. Names
 * and text are Qualys's own; nothing is flattened or cut.
 */
export function devo(event: ShapedEvent, facts: ShapeFacts): string {
  const own = added(event, facts);
  const classic = facts.options.eventFormat === 'json' ? undefined : CLASSIC.get(facts.dataset);
  if (classic !== undefined) return classic(event.record, own);
  const members = event.text().slice(1, -1);
  return `{${members}${members === '' ? '' : ','}${JSON.stringify(own).slice(1)}`;
}
