/** How a kernel divides the scratch memory that its caller gives. */

/** Areas begin at multiples of a cache line, so that results and speed do not depend on the address given. */
const LINE_ELEMENTS = 16;
const LINE_BYTES = 64;

const wholeLines = (elements: number) => Math.ceil(elements / LINE_ELEMENTS) * LINE_ELEMENTS;

/** Where each area begins, in numbers from the beginning, and how much scratch there must be in all. */
export interface ScratchLayout<Area extends string> {
  readonly offsets: Readonly<Record<Area, number>>;
  readonly elements: number;
}

/** Areas of the given sizes (in 32-bit numbers), one after another. */
export const scratchLayout = <Area extends string>(
  sizes: Readonly<Record<Area, number>>,
): ScratchLayout<Area> => {
  const entries = Object.entries<number>(sizes) as [Area, number][]; // the keys of a record of Area are Areas
  const ends = entries.reduce<readonly number[]>(
    (sums, [, size]) => [...sums, (sums[sums.length - 1] ?? 0) + wholeLines(size)],
    [0],
  );
  const offsets = Object.fromEntries(entries.map(([area], index) => [area, ends[index] ?? 0]));
  return {
    offsets: offsets as Record<Area, number>,
    elements: (ends[ends.length - 1] ?? 0) + LINE_ELEMENTS, // one line more, to align the beginning
  };
};

/** The addresses of the areas, in scratch that begins at `address`. */
export const scratchAddresses = <Area extends string>(
  { offsets }: ScratchLayout<Area>,
  address: number,
): Readonly<Record<Area, number>> => {
  const base = Math.ceil(address / LINE_BYTES) * LINE_BYTES;
  const entries = Object.entries<number>(offsets).map(([area, offset]) => [area, base + 4 * offset]);
  return Object.fromEntries(entries) as Record<Area, number>;
};
