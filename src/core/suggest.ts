/** Letters to insert, delete, change or swap with their neighbour to make one text of the other. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The known word that was probably meant: the nearest, when no more than a third of its letters differ. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const letters = distance(plain(word), plain(candidate));
    if (letters < least && letters <= Math.max(1, Math.floor(candidate.length / 3))) {
      best = candidate;
      least = letters;
    }
  }
  return best;
}

/** `; did you mean "password"?`, or the words known when there are few, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  if (meant !== undefined) return `; did you mean "${meant}"?`;
  return known.length > 0 && known.length <= 30 ? `; known here: ${known.join(', ')}` : '';
}

/** `"a", "b" or "c"`. */
export function oneOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
