/** Divides the scratch memory that a caller provides into areas. */

/** Areas begin at multiples of a cache line, so that results and speed do not depend on the scratch address. */
const LINE_ELEMENTS = 16;
const LINE_BYTES = 64;

const roundUpToLine = (elements: number) => Math.ceil(elements / LINE_ELEMENTS) * LINE_ELEMENTS;

/** Offset of each area from the aligned start of the scratch, and the total size required; in elements. */
export interface ScratchLayout<Area extends string> {
  readonly offsets: Readonly<Record<Area, number>>;
  readonly elements: number;
}

/** Lays out areas of the given sizes (in 32-bit elements) one after another. */
export const scratchLayout = <Area extends string>(sizes: Readonly<Record<Area, number>>): ScratchLayout<Area> => {
  // the cast is safe: the keys of a record of Area are Areas
  const entries = Object.entries<number>(sizes) as [Area, number][];
  const ends = entries.reduce<readonly number[]>(
    (sums, [, size]) => [...sums, (sums[sums.length - 1] ?? 0) + roundUpToLine(size)],
    [0],
  );
  const offsets = Object.fromEntries(entries.map(([area], index) => [area, ends[index] ?? 0]));
  return {
    offsets: offsets as Record<Area, number>,
    elements: (ends[ends.length - 1] ?? 0) + LINE_ELEMENTS, // one more line, to align the start
  };
};

/** Returns the byte addresses of the areas in scratch that begins at `address`. */
export const scratchAddresses = <Area extends string>(
  { offsets }: ScratchLayout<Area>,
  address: number,
): Readonly<Record<Area, number>> => {
  const base = Math.ceil(address / LINE_BYTES) * LINE_BYTES;
  const entries = Object.entries<number>(offsets).map(([area, offset]) => [area, base + 4 * offset]);
  return Object.fromEntries(entries) as Record<Area, number>;
};
