import { contextAs } from '../src/core/format.ts';
import type { Fields } from '../src/core/words.ts';
import type { DatasetFile } from '../src/datasets/define.ts';
import { datasets } from '../src/datasets/registry.gen.ts';
import { cim } from '../src/pipeline/shapes/cim.ts';
import { devo } from '../src/pipeline/shapes/devo.ts';
import { ECS_VERSION } from '../src/pipeline/shapes/ecs.ts';
import type { ShapedEvent, ShapeFacts } from '../src/pipeline/shapes/event.ts';
import { indicesOf } from '../src/pipeline/shapes/interflow.ts';
import { OCSF_VERSION } from '../src/pipeline/shapes/ocsf/base.ts';
import { ocsf } from '../src/pipeline/shapes/ocsf.ts';

/** The page `docs/reference/shapes.md`, made by giving every data set's example to every format. */

const code = (text: string): string => `\`${text}\``;

function rowOf(facts: DatasetFile): string[] {
  const { name, destinations, example } = facts;
  const record = example as Fields;
  const event: ShapedEvent = { id: '', seq: 0, change: 'new', key: [name], record, text: () => JSON.stringify(record) };
  const known: ShapeFacts = {
    ...{ tenant: '', subscription: '', connection: '', dataset: name, pull: 0, pulledAt: 0, firstSeq: 0, destinations },
    ...{ contextAs: contextAs(facts.format), knowledge: new Map(), options: {} },
  };
  const { class_name, class_uid } = ocsf(event, known);
  return [
    `[${name}](datasets/${name}.md)`,
    `${code(destinations.devo)} ${devo(event, known).startsWith('<') ? 'XML' : 'JSON'}`,
    `${code(destinations.interflow)} → ${indicesOf(known).join(', ')}`,
    code(destinations.elastic),
    `${String(class_name)} ${String(class_uid)}`,
    String(cim(event, known)['model'] ?? ''),
  ];
}

export function shapesPage(): string {
  const head = ['data set', 'devo', 'interflow', 'ecs', 'ocsf', 'cim'];
  const rows = [...datasets.values()].map((facts) => rowOf(facts as DatasetFile));
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  return `# Formats

<!-- Generated from src/pipeline/shapes/ by \`npm run generate\`; changes here are lost. -->

A sink's \`format\` says how events are written. Every format but \`raw\` reads each record, which costs several times as much.

| format | version | what it is |
| --- | --- | --- |
| \`raw\` | 1 | Envelope and record, Qualys's names; nothing is read or changed. |
| \`devo\` | 1 | What goes into Devo's tables, named in the tag: see [decision 0013](../decisions/0013-devo-events.md). |
| \`interflow\` | 1 | Records for Stellar Cyber: standard fields, the record under \`qualys\`, one line for each index. |
| \`ecs\` | ${ECS_VERSION} | Elastic Common Schema, the record under the names of Elastic's own integrations. |
| \`ocsf\` | ${OCSF_VERSION} | Open Cybersecurity Schema Framework, the record under \`unmapped.qualys\`. |
| \`cim\` | 6 | Fields of Splunk's Common Information Model, the record under \`record\`. |

## What each data set becomes

${table}

The class of a row of the activity log is that of what was done: Authentication 3002, Account Change 3001, else API Activity 6003 (in \`cim\`
Authentication or Change).

## What all have in common

- An event that says that an object is gone (\`change: removed\`) has the key's fields alone as its record. It says so, and why: \`@change\` and
  \`@reason\` (devo), \`event_change\` and \`event_reason\` (interflow), \`event.type: deletion\` and \`event.reason\` (ecs), \`unmapped.quarry\` with
  status Deleted, Archived or Removed, or activity Delete (ocsf), \`change\` and \`reason\` (cim).
- Flags of a record (\`control_chars\`, \`results_cut\` …) are in every format: \`@flags\`, \`event_flags\`, \`tags\`, \`metadata.labels\`, \`flags\`.
- The event's id, tenant, subscription, connection, key and \`seq\` are under \`quarry\` (ecs), \`unmapped.quarry\` (ocsf) or beside the fields (cim).
  Interflow has \`event_id\`; Devo's tables have no place for it.
- \`interflow\`, \`ecs\`, \`ocsf\` and \`cim\` are joined with the KnowledgeBase as it is when the event is delivered: title, CVE ids, CVSS, category,
  solution. It has to be collected (data set \`knowledge_base\`). A QID that is not in it is asked for, and the event goes without.
- Qualys's own severity (1 to 5) is always there as a number.

## devo

\`event_format: xml\` (the default) writes records of the classic tables as XML on one line; \`json\` writes all as JSON. \`@devo_pulling_id\` is a member
in JSON and the attribute \`devo_pulling_id\` of the root in XML.

## interflow

\`msg_class\`, \`msg_origin\`, \`tenant_name\`, \`timestamp\` (epoch milliseconds), \`hostname\`, \`ip\`, \`srcip\` and \`mac\` where the record names a machine,
\`vulnerability\` with what the KnowledgeBase says. No blank field is written. A payload has a line for each index, named in its field \`index\`. Not tried
against Stellar Cyber; \`tenant_name\` and \`timestamp\` are named without a published source.

## ecs

Documents of the data stream \`logs-<dataset>-<namespace>\`; the namespace is the sink's. Detections, KnowledgeBase, activity log and the asset inventory
have the fields of Elastic's integrations \`qualys_vmdr\` and \`qualys_gav\`. \`vulnerability.severity\` is the rating of the CVSS score;
\`event.severity\` is Qualys's number. Where Elastic maps a number or a truth value and Qualys sent another text, the text is under \`<name>_text\`. Elastic's
package makes a document of each installed software; here an asset is one document with its list.

## ocsf

Severities 1 to 5 are \`severity_id\` 1 to 5 unless \`severity_ids\` on the sink says otherwise, such as \`[1, 3, 3, 4, 5]\`. A finding has a vulnerability for
each CVE, else for each CWE, else the QID as an advisory; texts and packages that are the QID's are in the first one alone. Times are epoch
milliseconds. OCSF has no class for certificates and none for web applications: both are resources of class 5023. A KnowledgeBase entry is OSINT
about a vulnerability.

## cim

\`model\` names the data model; Splunk needs an event type per model with its tags (\`vulnerability\` and \`report\`, \`inventory\`, \`authentication\`, \`change\` …).
\`dest\` is the DNS name, else the name, else the address, else the id. \`_time\` is in seconds since the epoch.
`;
}
