import { z } from 'zod';
import {
  actor,
  device,
  endpoint,
  file,
  findingInfo,
  group,
  metadata,
  remediation,
  resource,
  user,
  vulnerability,
} from './objects.ts';
import { many, moment, object, oneOf, others, text } from './parts.ts';

/** The classes of OCSF 1.8.0 that Quarry's events are of, from its published attribute lists. */

const severity = oneOf(1, 2, 3, 4, 5, 6);
const BASE =
  'count enrichments observables raw_data raw_data_hash raw_data_size severity status_code timezone_offset type_name';
const NO_NEEDS: readonly string[] = [];

/** A class: what every event has, and its own attributes. `needs`: at least one of these. */
function event<T extends z.ZodRawShape>(
  uid: number,
  activities: readonly number[],
  own: T,
  further = '',
  needs = NO_NEEDS,
) {
  const base = {
    activity_id: oneOf(...activities),
    activity_name: text.optional(),
    category_uid: z.literal(Math.floor(uid / 1000)),
    category_name: text,
    class_uid: z.literal(uid),
    class_name: text,
    type_uid: z.number().int(),
    severity_id: severity,
    time: moment,
    start_time: moment.optional(),
    end_time: moment.optional(),
    duration: z.number().int().min(0).optional(),
    message: text.optional(),
    status: text.optional(),
    status_id: oneOf(1, 2).optional(),
    status_detail: text.optional(),
    metadata,
    unmapped: z.looseObject({ qualys: z.looseObject({}), quarry: z.looseObject({}) }),
  };
  return z
    .strictObject({ ...others(BASE), ...others(further), ...base, ...own })
    .refine((made: Record<string, unknown>) => made['type_uid'] === uid * 100 + Number(made['activity_id']), {
      error: 'type_uid is not class × 100 + activity',
    })
    .refine((made: Record<string, unknown>) => made['activity_id'] !== 99 || made['activity_name'] !== undefined, {
      error: 'activity 99 needs a name',
    })
    .refine((made: Record<string, unknown>) => made['status_id'] !== 99 || made['status'] !== undefined, {
      error: 'status 99 needs a text',
    })
    .refine((made: Record<string, unknown>) => needs.length === 0 || needs.some((name) => Object.hasOwn(made, name)), {
      error: `needs one of ${needs}`,
    });
}

const finding = {
  status_id: oneOf(1, 2, 3, 4, 5, 6).optional(),
  confidence_id: oneOf(1, 2, 3).optional(),
  resources: many(resource).optional(),
};
const FINDING = 'comment confidence confidence_score device vendor_attributes';

const compliance = object(
  { control: text.optional(), standards: many(text).optional(), status: text.optional(), status_id: oneOf(1, 2, 3) },
  'assessments category checks compliance_references compliance_standards control_parameters desc requirements status_code status_detail status_details',
);

const osint = object(
  {
    type_id: z.number().int().min(0).max(99),
    value: text,
    uid: text,
    type: text,
    desc: text.optional(),
    category: text.optional(),
    severity: text.optional(),
    vendor_name: text.optional(),
    created_time: moment.optional(),
    modified_time: moment.optional(),
    references: many(text).optional(),
    vulnerabilities: many(vulnerability),
  },
  'labels comment src_url',
);

const entity = object(
  { uid: text.optional(), name: text.optional(), type: text.optional() },
  'data device group user version',
  ['name', 'uid'],
);

/** By class uid. */
export const CLASSES: ReadonlyMap<number, z.ZodType> = new Map<number, z.ZodType>([
  [
    1001,
    event(
      1001,
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
      { actor, device, file },
      'component create_mask file_diff file_result',
    ),
  ],
  [
    2002,
    event(2002, [1, 2, 3], { ...finding, finding_info: findingInfo, vulnerabilities: many(vulnerability) }, FINDING),
  ],
  [
    2003,
    event(
      2003,
      [1, 2, 3],
      { ...finding, finding_info: findingInfo, compliance, remediation: remediation.optional() },
      FINDING,
    ),
  ],
  [
    2005,
    event(
      2005,
      [1, 2, 3],
      {
        status_id: oneOf(1, 2, 3, 4, 5),
        finding_info_list: many(findingInfo),
        assignee: user.optional(),
        assignee_group: group.optional(),
        desc: text.optional(),
        comment: text.optional(),
        ticket: object({ uid: text }, 'src_url status status_details status_id title type type_id').optional(),
      },
      'attacks confidence confidence_id confidence_score impact impact_id impact_score priority priority_id src_url verdict verdict_id',
      ['assignee', 'assignee_group'],
    ),
  ],
  [
    2007,
    event(
      2007,
      [1, 2, 3],
      { ...finding, finding_info: findingInfo, vulnerabilities: many(vulnerability).optional() },
      `${FINDING} application compliance remediation`,
      ['application', 'compliance', 'remediation', 'vulnerabilities'],
    ),
  ],
  [
    3001,
    event(
      3001,
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      { user, actor: actor.optional(), src_endpoint: endpoint.optional() },
      'user_result policy http_request',
    ),
  ],
  [
    3002,
    event(
      3002,
      [1, 2, 3, 4, 5, 6, 7],
      { user, service: object({ name: text }, 'uid version labels').optional(), src_endpoint: endpoint.optional() },
      'actor dst_endpoint session',
      ['service', 'dst_endpoint'],
    ),
  ],
  [
    3004,
    event(3004, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], { entity }, 'actor src_endpoint comment entity_result'),
  ],
  [5001, event(5001, [1, 2], { device }, 'actor')],
  [5003, event(5003, [1, 2], { user }, 'actor')],
  [5021, event(5021, [1, 2], { osint }, 'actor')],
  [5023, event(5023, [1, 2], { resources: many(resource) }, 'cloud container database databucket idp region table')],
  [
    6003,
    event(
      6003,
      [1, 2, 3, 4],
      {
        actor,
        api: object(
          { operation: text, service: object({ name: text }, 'uid version').optional() },
          'request response group version',
        ),
        src_endpoint: endpoint,
      },
      'dst_endpoint http_request http_response resources',
    ),
  ],
  [
    6007,
    event(
      6007,
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      {
        scan: object(
          { uid: text.optional(), name: text.optional(), type_id: oneOf(1, 2, 3, 4, 5, 6, 7), type: text.optional() },
          '',
          ['name', 'uid'],
        ),
      },
      'command_uid num_detections policy schedule_uid total',
    ),
  ],
]);
