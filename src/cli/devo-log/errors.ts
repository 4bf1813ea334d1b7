import type { ErrorCode } from '../../core/catalogue.ts';
import type { QuarryError } from '../../core/errors.ts';

/** An error as Devo's collectors number it. */
export interface DevoError {
  readonly type: 'InitVariablesError' | 'SetupError' | 'PullError';
  readonly id: string;
  /** `{…}` is filled in. */
  readonly message: string;
  /** Which of the two collectors: `classic` is the one of scans, hosts, detections and user activity. */
  readonly collector: 'both' | Kind;
  /** Our codes, in words. */
  readonly codes: string;
}

type Kind = 'classic' | 'fim';

const CREDENTIALS: readonly ErrorCode[] = ['QRY2010', 'QRY2011'];
const PERMISSION: readonly ErrorCode[] = ['QRY2012', 'QRY2013'];

export const DEVO_ERRORS = {
  init2: {
    type: 'InitVariablesError',
    id: '2',
    message: 'start_time_utc value: {start_time_in_utc_str} does not comply with required format: {datetime_format}',
    collector: 'both',
    codes: 'QRY1021',
  },
  init3: {
    type: 'InitVariablesError',
    id: '3',
    message: 'Invalid start_time_in_utc: {datetime_utc_now}. Must be in the past.',
    collector: 'both',
    codes: 'QRY1022',
  },
  setup100: {
    type: 'SetupError',
    id: '100',
    message: 'Error occurred while requesting from the Qualys server. Error message: {error_message}',
    collector: 'fim',
    codes: 'those without an HTTP status, before the input has ever signed in',
  },
  setup101: {
    type: 'SetupError',
    id: '101',
    message: 'The tokens provided are incorrect. Please specify the correct credentials',
    collector: 'fim',
    codes: 'QRY2010, QRY2011',
  },
  setup102: {
    type: 'SetupError',
    id: '102',
    message: 'The provided tokens are valid but they do not have the permission to get data',
    collector: 'fim',
    codes: 'QRY2012, QRY2013',
  },
  setup102Classic: {
    type: 'SetupError',
    id: '102',
    message: 'ERROR: API Error. Cause: {e}',
    collector: 'classic',
    codes: 'QRY2010, QRY2011; any other before the input has ever signed in',
  },
  setup103: {
    type: 'SetupError',
    id: '103',
    message: 'Unexpected HTTP error occurred at the Qualys server. {status code}',
    collector: 'fim',
    codes: 'those with an HTTP status, before the input has ever signed in',
  },
  pullClassic: {
    type: 'PullError',
    id: 'PullError',
    message: 'ERROR: API Error. Cause: {e}',
    collector: 'classic',
    codes: 'any other',
  },
  pull300: {
    type: 'PullError',
    id: '300',
    message: 'HTTP Error occurred while retrieving events from Qualys server{summary} , {details}',
    collector: 'fim',
    codes: 'any other with an HTTP status',
  },
  pull301: {
    type: 'PullError',
    id: '301',
    message: 'Some error occurred while retrieving events from Qualys server. Error details: {details}',
    collector: 'fim',
    codes: 'any other without one',
  },
} as const satisfies Readonly<Record<string, DevoError>>;

/** Which error it is to their users. `ready`: the input had signed in before, so that it is not the setup that failed. */
export function devoErrorOf(code: ErrorCode, kind: Kind, ready: boolean, hasStatus: boolean): DevoError {
  const setup = !ready || CREDENTIALS.includes(code);
  if (kind === 'classic') return setup ? DEVO_ERRORS.setup102Classic : DEVO_ERRORS.pullClassic;
  if (CREDENTIALS.includes(code)) return DEVO_ERRORS.setup101;
  if (PERMISSION.includes(code)) return DEVO_ERRORS.setup102;
  if (setup) return hasStatus ? DEVO_ERRORS.setup103 : DEVO_ERRORS.setup100;
  return hasStatus ? DEVO_ERRORS.pull300 : DEVO_ERRORS.pull301;
}

/** The text of the error, filled in from ours. */
export function devoMessage({ message }: DevoError, error: QuarryError): string {
  const status = String(error.qualys?.status ?? '');
  const values: Readonly<Record<string, string>> = {
    e: error.message,
    error_message: error.message,
    details: error.message,
    summary: ` ${status}`,
    'status code': status,
  };
  return message.replaceAll(/\{([^}]+)\}/g, (whole, name: string) => values[name] ?? whole);
}
