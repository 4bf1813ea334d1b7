import { Text } from '@mantine/core';
import type { Coverage } from '../api/types.ts';
import { count } from './format.ts';
import { Mark } from './StatusMark.tsx';
import { When } from './When.tsx';

const AGAINST = {
  count: 'Qualys’s count',
  ids: 'Qualys’s list of ids',
  reading: 'the reading itself',
} as const;

/** Something of the data set is known to be missing here. */
export const isIncomplete = ({ complete, quarantined, held }: Coverage): boolean =>
  complete === false || quarantined > 0 || held !== null;

/** `12,400 of 12,403, 3 quarantined`. */
export function howComplete({ read, qualys, quarantined, held }: Coverage): string {
  const parts = [read === null || qualys === null ? 'not read yet' : `${count(read)} of ${count(qualys)}`];
  if (quarantined > 0) parts.push(`${count(quarantined)} quarantined`);
  if (held !== null) parts.push(`a reading that lacks ${count(held)} is held`);
  return parts.join(', ');
}

/** How much of a data set is here, against what, and as of when. A log has no whole that could be compared. */
export function Complete({ of: said, kind }: { of: Coverage | undefined; kind: 'log' | 'entity' }) {
  if (said === undefined || (kind === 'log' && said.read === null && !isIncomplete(said))) return '–';
  if (said.by === null) return isIncomplete(said) ? <Mark tone="wait">{howComplete(said)}</Mark> : howComplete(said);
  return (
    <>
      <Mark tone={isIncomplete(said) ? 'wait' : 'good'}>{howComplete(said)}</Mark>
      <Text size="xs">
        against {AGAINST[said.by]}, <When at={said.as_of} />
      </Text>
    </>
  );
}
