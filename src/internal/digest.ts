/** Hashes a text to eight hexadecimal digits (FNV-1a, 32 bits). It distinguishes names; it is not cryptographic. */
export const digest = (text: string): string => {
  const hash = Array.from(text).reduce(
    (sum, letter) => Math.imul(sum ^ letter.codePointAt(0)!, 0x01000193),
    0x811c9dc5,
  );
  return (hash >>> 0).toString(16).padStart(8, '0');
};
