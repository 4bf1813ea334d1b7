import type { Fields } from '../../core/words.ts';
import { textAt } from './values.ts';

/** A row of the user activity log. Module and action are Qualys's words; their kinds are read from the words in them. */
export interface Activity {
  readonly action: string | undefined;
  readonly module: string | undefined;
  readonly details: string | undefined;
  readonly user: string | undefined;
  readonly role: string | undefined;
  readonly ip: string | undefined;
  readonly kind: 'logon' | 'logoff' | 'account' | 'api';
  /** What was done to the object: one of the four that APIs know. */
  readonly verb: 'create' | 'read' | 'update' | 'delete';
}

const VERBS: readonly (readonly [RegExp, Activity['verb']])[] = [
  [/\b(create|add|new|launch|import|upload|activate|enable|unlock)/, 'create'],
  [/\b(delete|remove|purge|deactivate|cancel)/, 'delete'],
  [/\b(update|edit|modify|change|set|reset|assign|lock|disable|pause|resume|rename|move|share)/, 'update'],
];

export function activityOf(row: Fields): Activity {
  const action = textAt(row, 'Action');
  const module = textAt(row, 'Module');
  const words = action?.toLowerCase().replaceAll('_', ' ') ?? '';
  return {
    action,
    module,
    details: textAt(row, 'Details'),
    user: textAt(row, 'User Name'),
    role: textAt(row, 'User Role'),
    ip: textAt(row, 'User IP'),
    kind: kindOf(words, module?.toLowerCase() ?? ''),
    verb: VERBS.find(([pattern]) => pattern.test(words))?.[1] ?? 'read',
  };
}

function kindOf(action: string, module: string): Activity['kind'] {
  if (/\b(logout|log ?off|logoff|log out)\b/.test(action)) return 'logoff';
  if (/\b(login|logon|log ?in|log on)\b/.test(action)) return 'logon';
  return /\buser/.test(module.replaceAll('_', ' ')) && VERBS.some(([pattern]) => pattern.test(action))
    ? 'account'
    : 'api';
}

/** Whether the details say that it did not work. */
export const failed = ({ action, details }: Activity): boolean =>
  /\b(fail|denied|invalid)/i.test(`${action} ${details}`);
