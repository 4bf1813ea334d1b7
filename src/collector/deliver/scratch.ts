/**
 * Gives out buffers and takes them all back at once: nothing is allocated anew for each batch. They are cut from pieces of
 * one size, one behind the other, so that what is held is what one round needs at the most. Buffers of their own, one for
 * each place in a round, would all grow to the largest that ever stood there.
 */
export interface Scratch {
  /** `bytes` long; what is in it is of no meaning. Valid until `reset`. */
  take(bytes: number): Buffer;
  reset(): void;
}

/** More than a batch takes, stored or shaped, nearly always; memory that was never written to is not there yet. */
const PIECE = 8 << 20;
/** Pieces kept from round to round: one huge round must not be paid for ever after. */
const KEPT = 4;

export function scratch(): Scratch {
  const pieces: Buffer[] = [];
  let piece = 0;
  let used = 0;
  return {
    take: (bytes) => {
      if (bytes > PIECE) return Buffer.allocUnsafeSlow(bytes);
      if (used + bytes > PIECE) {
        piece++;
        used = 0;
      }
      pieces[piece] ??= Buffer.allocUnsafeSlow(PIECE);
      const at = used;
      used += bytes;
      return pieces[piece]!.subarray(at, used);
    },
    reset: () => {
      pieces.length = Math.min(pieces.length, KEPT);
      piece = 0;
      used = 0;
    },
  };
}
