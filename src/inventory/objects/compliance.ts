import { at, text, time, whole } from '../values.ts';
import type { ObjectKind } from './object.ts';

/** One result: a control of a policy on a host. */
export const compliance: ObjectKind = {
  dataset: 'compliance_posture',
  table: 'posture',
  key: {
    host: (_, [, host]) => whole(host),
    policy: (_, [policy]) => whole(policy),
    control: (_, [, , control]) => whole(control),
    technology: (_, [, , , technology]) => whole(technology),
    instance: (_, [, , , , instance]) => instance ?? '',
  },
  optional: ['technology', 'instance'],
  columns: {
    status: (one) => text(one['STATUS']),
    previous_status: (one) => text(one['PREVIOUS_STATUS']),
    exception: (one) => text(at(one, 'EXCEPTION', 'STATUS')),
    exception_until: (one) => time(at(one, 'EXCEPTION', 'END_DATETIME')),
    modified: (one) => time(one['POSTURE_MODIFIED_DATE']),
    evaluated: (one) => time(one['EVALUATION_DATE']),
    first_failed: (one) => time(one['FIRST_FAIL_DATE']),
    last_failed: (one) => time(one['LAST_FAIL_DATE']),
    first_passed: (one) => time(one['FIRST_PASS_DATE']),
    last_passed: (one) => time(one['LAST_PASS_DATE']),
  },
};

export const policies: ObjectKind = {
  dataset: 'compliance_policies',
  table: 'policy',
  key: { policy: (_, [id]) => whole(id) },
  columns: {
    title: (one) => text(one['TITLE']),
    status: (one) => text(one['STATUS']),
    modified: (one) => time(at(one, 'LAST_MODIFIED', 'DATETIME')),
    evaluated: (one) => time(at(one, 'LAST_EVALUATED', 'DATETIME')),
  },
};

export const controls: ObjectKind = {
  dataset: 'compliance_controls',
  table: 'control',
  key: { control: (_, [id]) => whole(id) },
  columns: {
    statement: (one) => text(one['STATEMENT']),
    category: (one) => text(one['CATEGORY']),
    sub_category: (one) => text(one['SUB_CATEGORY']),
    criticality: (one) => whole(at(one, 'CRITICALITY', 'VALUE')),
    updated: (one) => time(one['UPDATE_DATE']),
  },
};
