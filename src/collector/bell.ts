/** Wakes all who wait, at once; who comes later waits for the next ring. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or when `until` is over: nobody is kept waiting, and nothing is left behind. */
  wait(until?: Promise<unknown>): Promise<void>;
}

export function bell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring: () => {
      const all = [...waiting];
      waiting.clear();
      for (const wake of all) wake();
    },
    wait: async (until) => {
      let wake = (): void => {};
      const rung = new Promise<void>((resolve) => {
        wake = resolve;
      });
      waiting.add(wake);
      try {
        await (until === undefined ? rung : Promise.race([rung, until]));
      } finally {
        waiting.delete(wake);
      }
    },
  };
}
