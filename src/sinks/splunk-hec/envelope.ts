import type { Batch } from '../../core/sink.ts';
import { filled } from '../define.ts';
import type { Line } from '../http/deliver.ts';
import { forDataset, type PerDataset } from '../http/settings.ts';

/** Sourcetypes that searches and dashboards for Qualys already use. Source: Qualys's add-on for Splunk. */
const SOURCETYPES: Readonly<Record<string, string>> = {
  host_list_detection: 'qualys:hostDetection',
  knowledge_base: 'qualys:knowledgebase',
};

interface Names {
  readonly index?: PerDataset | undefined;
  readonly source: PerDataset;
  readonly sourcetype?: PerDataset | undefined;
  readonly host?: string | undefined;
}

const nameOf = (given: PerDataset | undefined, batch: Batch): string | undefined => {
  const template = forDataset(given, batch.dataset);
  return template === undefined ? undefined : filled(template, batch, (value) => value);
};

/** The index a data set's events are for; undefined: the token's own. */
export const indexOf = ({ index }: Names, batch: Batch): string | undefined => nameOf(index, batch);

/** `{"time":…,"event":…}`: the record as it is, with what Splunk calls metadata around it. Time is in seconds, to the millisecond. */
export function envelope(names: Names, { batch, event, id, bytes }: Line): readonly Buffer[] {
  const index = indexOf(names, batch);
  const at = Date.parse(batch.time(event));
  const head = {
    ...(!Number.isNaN(at) && { time: (at / 1000).toFixed(3) }),
    ...(names.host !== undefined && { host: names.host }),
    source: nameOf(names.source, batch) ?? 'qualys',
    sourcetype: nameOf(names.sourcetype, batch) ?? SOURCETYPES[batch.dataset] ?? `qualys:${batch.dataset}`,
    ...(index !== undefined && { index }),
    // An indexed field, so that what came twice is found without reading the events: `| dedup event_id`.
    fields: { event_id: id },
  };
  return [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"event":`), bytes, END];
}

const END = Buffer.from('}\n');
