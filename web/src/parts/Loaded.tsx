import { Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ProblemAlert } from './ProblemAlert.tsx';

/** The shape of what comes, while it comes. */
export function Waiting({ rows = 4, height = 28 }: { rows?: number; height?: number }) {
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={i} height={height} />
      ))}
    </Stack>
  );
}

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, 'data' | 'error'>;
  rows?: number;
  children: (data: T) => ReactNode;
}

/** What a query answered; skeletons before, the problem when there is no answer, both when a later one failed. */
export function Loaded<T>({ query: { data, error }, rows, children }: LoadedProps<T>) {
  if (data === undefined)
    return error === null ? <Waiting {...(rows === undefined ? {} : { rows })} /> : <ProblemAlert error={error} />;
  return (
    <>
      {error !== null && <ProblemAlert error={error} />}
      {children(data)}
    </>
  );
}
