import { Text } from '@mantine/core';
import type { Sink } from '../api/types.ts';
import { count } from './format.ts';

/** How many events the inventory has yet to take in, where that is a good part of all: a few always are on their way. */
export function inventoryWaiting(sinks: readonly Sink[]): number {
  const { pending = 0, appended = 0 } = sinks.find(({ name }) => name === '#inventory') ?? {};
  return pending * 20 > appended ? pending : 0;
}

/** What is shown is not all there is yet. */
export function Filling({ waiting }: { waiting: number }) {
  return (
    <Text size="sm" role="status">
      The inventory is being filled: {count(waiting)} collected events are still to be taken in, and figures rise until
      then.
    </Text>
  );
}
