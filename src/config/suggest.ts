/** No distance beyond this length is worth a suggestion, and a file may hold keys of any length. */
const MAX_LENGTH = 64;

/**
 * Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of
 * neighbours that turn `a` into `b`.
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(current[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, beforePrevious[j - 2]! + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** `lease_time`, `lease-time`, `LeaseTime` and `leaseTime` are one word. */
function folded(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}

/**
 * The known words that `word` was most likely meant to be: the nearest ones, at most three at the same distance, none
 * where all are too far off (a third of the word's length).
 */
export function nearest(word: string, known: Iterable<string>): string[] {
  if (word.length > MAX_LENGTH) return [];
  const wanted = folded(word);
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let bestDistance = limit + 1;
  let best: string[] = [];
  for (const candidate of known) {
    if (candidate.length > MAX_LENGTH) continue;
    const distance = editDistance(wanted, folded(candidate));
    if (distance > limit || distance > bestDistance) continue;
    if (distance < bestDistance) best = [];
    bestDistance = distance;
    if (!best.includes(candidate)) best.push(candidate);
  }
  return best.slice(0, 3);
}

/** "`a`", "`a` or `b`", "`a`, `b` or `c`". */
export function orList(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return quoted.length < 2 ? (quoted[0] ?? '') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

/** "Did you mean `pools`?", or undefined where nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const near = nearest(word, known);
  return near.length === 0 ? undefined : `Did you mean ${orList(near)}?`;
}
