/** Wakes all who wait, at once; who comes later waits for the next ring. */
export interface Bell {
  ring(): void;
  wait(): Promise<void>;
}

export function bell(): Bell {
  let waiting: (() => void)[] = [];
  return {
    ring: () => {
      const all = waiting;
      waiting = [];
      for (const wake of all) wake();
    },
    wait: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
