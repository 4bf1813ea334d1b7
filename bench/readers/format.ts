import type { XmlFormat } from '../../src/core/format.ts';

/**
 * How host list detection answers are read. The data set's own facts say the same; they are not loaded here, because
 * the schema library that comes with them costs a start-up of its own.
 */
export const format: XmlFormat = {
  kind: 'xml',
  root: 'HOST_LIST_VM_DETECTION_OUTPUT',
  record: 'RESPONSE/HOST_LIST/HOST',
  inner: { list: 'DETECTION_LIST', element: 'DETECTION', as: 'HOST' },
  lists: ['QDS_FACTORS/QDS_FACTOR', 'TAGS/TAG'],
  verbatim: ['RESULTS'],
  fields: ['QID', 'RESULTS'],
  contextFields: ['ID'],
};
