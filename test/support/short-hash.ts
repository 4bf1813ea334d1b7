/** 52 bits of a text, by two rounds of FNV-1a: enough to tell millions of ids and keys apart in little memory. */
export function shortHash(text: string): number {
  let low = 0x811c9dc5;
  let high = 0xc9dc5811;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
    high ^= high >>> 13;
  }
  return (high >>> 12) * 4_294_967_296 + (low >>> 0);
}
