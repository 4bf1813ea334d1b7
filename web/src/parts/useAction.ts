import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../api/client.ts';

const CHANGED_MEANWHILE = 412;

export interface Action {
  readonly busy: boolean;
  readonly error: unknown;
  run(work: () => Promise<unknown>): Promise<void>;
}

/**
 * Something people start by a button: busy while it runs, its problem kept, then everything shown is asked for again; so
 * it is where it had been changed by somebody else meanwhile.
 */
export function useAction(): Action {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  return {
    busy,
    error,
    run: async (work) => {
      setBusy(true);
      setError(undefined);
      try {
        await work();
        await client.invalidateQueries();
      } catch (thrown) {
        setError(thrown);
        if (thrown instanceof ApiError && thrown.problem.status === CHANGED_MEANWHILE) await client.invalidateQueries();
      } finally {
        setBusy(false);
      }
    },
  };
}
