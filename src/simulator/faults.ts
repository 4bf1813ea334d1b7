/**
 * Faults: what goes wrong on purpose. Each is named once in FAULTS, which help texts and the guide are made from; where
 * it acts is said by its group. A setting may hold for a number of calls only, skip the first calls, or one path.
 */

export interface FaultFacts {
  readonly summary: string;
  /** Meaning of the argument, with its default; absent where none is taken. */
  readonly argument?: string;
}

/** Another answer stands in for the real one. */
const INSTEAD = {
  'html-200': { summary: 'status 200 with an HTML page, as proxies give' },
  'empty-200': { summary: 'status 200 with no body' },
  'error-200-2001': { summary: 'status 200 with SIMPLE_RETURN 2001, account expired' },
  'generic-return': { summary: 'status 200 with GENERIC_RETURN 999, internal error' },
  'http-202-1981': { summary: 'status 202 with 1981: being processed, ask again' },
  'http-401': { summary: 'status 401 with 2000, although the credentials are right' },
  'http-403-2012': { summary: 'status 403 with 2012, the licence does not allow this API' },
  'http-409-1960': { summary: 'status 409 with 1960, concurrency limit' },
  'http-409-1965': { summary: 'status 409 with 1965, rate limit', argument: 'seconds to wait; 120' },
  'http-409-2003': { summary: 'status 409 with 2003, registration must be completed: permanent' },
  'http-409-no-code': { summary: 'status 409 whose SIMPLE_RETURN has no code' },
  'http-414': { summary: 'status 414, an HTML page' },
  'http-429': { summary: 'status 429 with Retry-After', argument: 'seconds; 60' },
  'http-403-json': { summary: 'status 403 with a JSON error: the module is not in the subscription' },
  'http-429-to-wait': {
    summary: 'status 429 with the headers of the gateway, X-RateLimit-ToWait-Sec included',
    argument: 'seconds; 60',
  },
  'http-429-no-wait': { summary: 'status 429 with the headers of the gateway, but without X-RateLimit-ToWait-Sec' },
  'http-500-999': { summary: 'status 500 with 999, internal error' },
  'http-502': { summary: 'status 502, an HTML page of a proxy' },
  'http-503-1999-xml': { summary: 'status 503 with 1999, maintenance' },
  'http-503-1999-html': { summary: 'status 503 with an HTML maintenance page' },
  'http-504': { summary: 'status 504, an HTML page of a proxy' },
  'redirect-other-host': { summary: 'status 302 to another host', argument: 'URL; http://127.0.0.1:9/stolen' },
  'newest-version-404': { summary: 'status 404 on the newest version of every path' },
  'xml-bomb': { summary: 'a list whose DOCTYPE defines ten levels of entities (billion laughs)' },
  'xml-external-entity': {
    summary: 'a list whose DOCTYPE names an external entity',
    argument: 'URL; http://127.0.0.1:9/xxe',
  },
  'xml-deep': { summary: 'a list nested very deep', argument: 'levels; 100000' },
} as const satisfies Record<string, FaultFacts>;

/** The text of the answer is altered. */
const TEXT = {
  'bare-amp': { summary: 'the first CDATA section becomes text with an unescaped &' },
  'ctrl-chars': { summary: 'control characters (0x01, 0x0B) inside the first CDATA section' },
  'bad-utf8': { summary: 'bytes that are not UTF-8 inside the first CDATA section' },
  'unknown-elements': { summary: 'elements and attributes nobody documented, beside every ID and QID' },
  'missing-optional': { summary: 'optional elements (OS, DNS, NETBIOS, SEVERITY, TIMES_FOUND, dates …) are absent' },
  'lower-case': { summary: 'all element names in lower case, as in one sample of the guide' },
  'keep-alive': { summary: 'keep-alive comments in mid-document' },
  'error-after-partial': { summary: 'the list breaks off and an error document follows', argument: 'bytes; 4000' },
} as const satisfies Record<string, FaultFacts>;

/** The bytes or their pace are altered. */
const WIRE = {
  'truncated-at': { summary: 'the body ends early, its framing clean', argument: 'bytes of body; 2000' },
  'reset-at': { summary: 'the connection is reset in mid-body', argument: 'bytes on the wire; 2000' },
  'chunk-cut': { summary: 'the connection ends inside a chunk', argument: 'bytes on the wire; 2000' },
  'content-length-too-long': { summary: 'Content-Length promises more than comes', argument: 'bytes too many; 1000' },
  'gzip-cut': { summary: 'a gzip body without its trailer, cleanly framed' },
  'gzip-bomb': { summary: 'a gzip body that unpacks to very much', argument: 'megabytes unpacked; 1024' },
  'slow-loris': { summary: 'one byte a second' },
  stall: { summary: 'headers, then silence' },
  slow: { summary: 'the answer starts late', argument: 'milliseconds; 5000' },
} as const satisfies Record<string, FaultFacts>;

/** Headers tell something else. */
const HEADERS = {
  'rate-headers-missing': { summary: 'no rate and concurrency headers' },
  'rate-headers-blank': { summary: 'rate and concurrency headers with empty values' },
  'to-wait': { summary: 'X-RateLimit-ToWait-Sec says this', argument: 'seconds; 1000000000' },
  'clock-skew': { summary: 'the Date header is off by this', argument: 'seconds; 7200' },
} as const satisfies Record<string, FaultFacts>;

/** Paging and content go wrong in ways only a route can make. */
const LIST = {
  'page-size-capped': { summary: 'pages hold fewer hosts or records than asked for', argument: 'records; 10' },
  'hosts-capped': {
    summary: 'lists of hosts end after so many and do not say so; lists of ids alone go on',
    argument: 'hosts; 10',
  },
  'empty-page-with-warning': {
    summary: 'pages without a host, up to every other one, that still have a WARNING with the way on',
  },
  'next-url-loop': { summary: 'the WARNING leads back to the page it stands on' },
  'duplicate-host': { summary: 'the last host of a page is the first of the next' },
  'host-inserted': { summary: 'after every truncated page one new host appears behind the cursor and one ahead' },
  'duplicate-key': {
    summary: 'hosts list two different detections under one key',
    argument: 'a host id; every tenth host',
  },
  'poison-host': { summary: 'a page with this host is not well-formed', argument: 'host id; the second host' },
  'poison-results': {
    summary: 'a page with this host is not well-formed, unless show_results=0',
    argument: 'host id; the second host',
  },
  'poison-reset': {
    summary: 'the connection is reset when this host’s turn comes',
    argument: 'host id; the second host',
  },
} as const satisfies Record<string, FaultFacts>;

/** What only QPS and the gateway do. */
const REST = {
  'token-expired': { summary: 'the bearer token of the call has ended: 401, for this call and all that show it later' },
  'error-as-token': { summary: 'status 201 from `/auth`, but an error in JSON where the token should be' },
  'to-wait-missing': { summary: 'a 429 of the gateway’s limits without X-RateLimit-ToWait-Sec' },
  'qps-sign-in-200': { summary: 'QPS refuses credentials with status 200, as recorded once' },
  'qps-no-permission': { summary: 'QPS answers status 200 with INSUFFICIENT_PERMISSION' },
  'has-more-absent': { summary: 'QPS searches say neither hasMoreRecords nor lastId' },
  'cursor-stuck': {
    summary: 'lastId and lastSeenAssetId stay where the call began, although there is more',
  },
  'fim-late': {
    summary: 'FIM events are shown this long after the processing time they carry',
    argument: 'milliseconds; 1800000',
  },
  'list-single-object': { summary: 'lists of one come as the bare object in the JSON of QPS, FIM and CertView' },
  'list-empty': { summary: 'lists of QPS without entries stand there empty, `<list/>`, the one of a search as well' },
  'assets-capped': {
    summary: 'the Global Asset Inventory ends its list after so many assets and does not say so',
    argument: 'assets; 10',
  },
  'page-size-416': { summary: 'the Global Asset Inventory refuses large pages with 416 instead of 400' },
} as const satisfies Record<string, FaultFacts>;

/** What only the activity log, scans and the KnowledgeBase do. */
const CLASSIC = {
  'activity-plain': { summary: 'the activity log without markers around its body' },
  'activity-last-footer': { summary: 'the last page of the activity log has a footer too, without `id_max`' },
  'activity-cut': { summary: 'the activity log ends in mid-body, after a whole row' },
  'activity-cut-quoted': { summary: 'the activity log ends inside a quoted field' },
  'fetch-7001': { summary: 'no scan’s results can be fetched: status 200 with 7001' },
  'fetch-999': { summary: 'fetching a scan’s results ends in status 200 with 999' },
  'fetch-cut': { summary: 'a scan’s results end inside a row' },
  'kb-cut': { summary: 'the KnowledgeBase ends in mid-list, inside a VULN' },
  'keep-alive-flood': {
    summary: 'so many keep-alive comments before the list of the KnowledgeBase',
    argument: 'comments; 10000',
  },
  'keep-alive-slow': { summary: 'a pause after each keep-alive comment', argument: 'milliseconds; 1000' },
} as const satisfies Record<string, FaultFacts>;

/** What only lists of asset groups, tickets, users and compliance do. */
const RECORDS = {
  'childless-list': {
    summary: 'lists without entries stand there childless, `<ASSET_GROUP_LIST />`, instead of being absent',
  },
  'warning-not-truncated': {
    summary: 'the last page of asset groups, controls, policies and postures has a WARNING without code and URL',
  },
  'warning-list': { summary: 'the WARNING of policies and postures stands in a WARNING_LIST, as their DTDs allow' },
  'no-networks': { summary: 'addresses come without network_id, and those of the second network not at all' },
  'duplicate-ticket': { summary: 'a page of tickets begins with the last ticket before its `since_ticket_number`' },
  'tickets-error': { summary: 'the ticket list is an ERROR 999: status 200' },
  'users-denied': { summary: 'the user list is denied: status 200 with ERROR 999 inside' },
  'users-hidden': { summary: 'login and id of users in business units are hidden' },
  'posture-status-empty': { summary: 'postures selected by `status` are none, as seen on EU1' },
} as const satisfies Record<string, FaultFacts>;

/** The subscription or its world is less friendly. */
const WORLD = {
  'scope-lost': { summary: 'the user sees only so many hosts of a hundred', argument: 'percent; 0' },
  'foreign-caller': {
    summary: 'each call is accompanied by calls of somebody else on the same budget',
    argument: 'calls; 1',
  },
  'foreign-running': { summary: 'somebody else’s calls are running all the time', argument: 'calls; 1' },
  'detections-late': {
    summary: 'scans are shown this long after the processing time they carry',
    argument: 'milliseconds; 1800000',
  },
  'activity-late': {
    summary: 'every third row of the activity log appears so long after its date',
    argument: 'milliseconds; 1800000',
  },
} as const satisfies Record<string, FaultFacts>;

export const FAULT_GROUPS = {
  'another answer': INSTEAD,
  'the text': TEXT,
  'the bytes': WIRE,
  'the headers': HEADERS,
  'paging and content': LIST,
  'activity log, scans, KnowledgeBase': CLASSIC,
  'asset groups, tickets, users, compliance': RECORDS,
  'QPS and the gateway': REST,
  'the subscription': WORLD,
} as const;

export const FAULTS = {
  ...INSTEAD,
  ...TEXT,
  ...WIRE,
  ...HEADERS,
  ...LIST,
  ...CLASSIC,
  ...RECORDS,
  ...REST,
  ...WORLD,
} as const;

export type FaultName = keyof typeof FAULTS;
export type InsteadFault = keyof typeof INSTEAD;
/** Faults only REST calls show, and answers in the gateway's form. */
export type RestFault = keyof typeof REST | 'http-403-json' | 'http-429-to-wait' | 'http-429-no-wait';
/** Faults of the activity log, scans and the KnowledgeBase. */
export type ClassicFault = keyof typeof CLASSIC | 'activity-late';

/** Faults of asset groups, tickets, users and compliance. */
export type RecordsFault = keyof typeof RECORDS;

export const INSTEAD_FAULTS = Object.keys(INSTEAD) as readonly InsteadFault[];

export interface FaultSetting {
  readonly name: FaultName;
  readonly argument?: string;
  /** For how many matching calls; for all of them when absent. */
  readonly count?: number;
  /** Matching calls let through first. */
  readonly after?: number;
  /** Only paths that contain this. */
  readonly path?: string;
}

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

/**
 * Reads `NAME[=ARGUMENT][*COUNT][+AFTER][@PATH]`: `http-503-1999-xml`, `truncated-at=5000*3@/vm/detection/`,
 * `http-401*1+4` (the fifth call only). Throws RangeError naming what is wrong.
 */
export function parseFault(text: string): FaultSetting {
  const match = /^([a-z0-9-]+)(?:=([^*@+]*))?(?:\*(\d+))?(?:\+(\d+))?(?:@(.+))?$/.exec(text);
  const name = match?.[1];
  if (match === null || name === undefined) throw new RangeError(`not a fault: ${text}`);
  if (!isFaultName(name)) throw new RangeError(`no fault is named ${name}`);
  const [, , argument, count, after, path] = match;
  return {
    name,
    ...(argument === undefined ? {} : { argument }),
    ...(count === undefined ? {} : { count: Number(count) }),
    ...(after === undefined ? {} : { after: Number(after) }),
    ...(path === undefined ? {} : { path }),
  };
}

/** Throws RangeError where a setting cannot mean anything. */
function check({ name, argument, count, after }: FaultSetting): void {
  const facts: FaultFacts = FAULTS[name];
  if (argument !== undefined && facts.argument === undefined) throw new RangeError(`${name} takes no argument`);
  if (
    argument !== undefined &&
    !facts.argument?.startsWith('URL') &&
    !(argument.trim() !== '' && Number.isFinite(Number(argument)))
  ) {
    throw new RangeError(`${name}: ${argument} is not a number (${facts.argument})`);
  }
  for (const number of [count, after]) {
    if (number !== undefined && !(Number.isInteger(number) && number >= 0)) throw new RangeError(`${name}: ${number}`);
  }
}

/** The faults that hold for one call. */
export interface ActiveFaults {
  has(name: FaultName): boolean;
  /** The argument as given; undefined without fault or argument. */
  text(name: FaultName): string | undefined;
  /** The argument as a number, or `fallback`; undefined when the fault does not hold. */
  number(name: FaultName, fallback: number): number | undefined;
}

export interface FaultBoard {
  set(setting: FaultSetting): void;
  clear(name?: FaultName): void;
  list(): readonly FaultSetting[];
  /** The faults for a call to `path`; uses up counts. */
  take(path: string): ActiveFaults;
  /** Whether a fault is set at all, whatever its path; uses up nothing. */
  peek(name: FaultName): FaultSetting | undefined;
}

export function createFaultBoard(changed: () => void): FaultBoard {
  interface Entry {
    readonly setting: FaultSetting;
    left: number;
    skip: number;
  }
  let entries: Entry[] = [];
  return {
    set(setting) {
      check(setting);
      entries.push({ setting, left: setting.count ?? Number.POSITIVE_INFINITY, skip: setting.after ?? 0 });
      changed();
    },
    clear(name) {
      entries = name === undefined ? [] : entries.filter((entry) => entry.setting.name !== name);
      changed();
    },
    list: () => entries.map(({ setting, left }) => (Number.isFinite(left) ? { ...setting, count: left } : setting)),
    peek: (name) => entries.find((entry) => entry.setting.name === name)?.setting,
    take(path) {
      const active = new Map<FaultName, FaultSetting>();
      for (const entry of entries) {
        const { setting } = entry;
        if (setting.path !== undefined && !path.includes(setting.path)) continue;
        if (entry.skip > 0) {
          entry.skip--;
          continue;
        }
        active.set(setting.name, setting);
        entry.left--;
      }
      entries = entries.filter((entry) => entry.left > 0);
      return {
        has: (name) => active.has(name),
        text: (name) => active.get(name)?.argument,
        number: (name, fallback) => {
          const setting = active.get(name);
          if (setting === undefined) return undefined;
          return setting.argument === undefined ? fallback : Number(setting.argument);
        },
      };
    },
  };
}
