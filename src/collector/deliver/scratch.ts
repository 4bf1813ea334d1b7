/** Gives out buffers and takes them all back at once: nothing is allocated anew for each batch. */
export interface Scratch {
  /** At least `bytes` long; what is in it is of no meaning. Valid until `reset`. */
  take(bytes: number): Buffer;
  reset(): void;
}

/** A buffer above this is given back to the system: one huge batch must not be paid for ever after. */
const KEEP = 32 << 20;

export function scratch(): Scratch {
  let pool: Buffer[] = [];
  let next = 0;
  return {
    take: (bytes) => {
      const found = pool[next];
      const buffer =
        found !== undefined && found.length >= bytes ? found : Buffer.allocUnsafeSlow(bytes + (bytes >> 2));
      pool[next++] = buffer;
      return buffer;
    },
    reset: () => {
      pool = pool.filter((buffer) => buffer.length <= KEEP);
      next = 0;
    },
  };
}
