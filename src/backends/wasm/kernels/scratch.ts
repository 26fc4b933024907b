/** Divides the scratch memory of a kernel into areas. */
import { type Place, shift } from '../stage/stage.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/** Elements of a cache line. Areas begin at multiples of it, as the scratch does. */
export const LINE_ELEMENTS = 16;

const roundUpToLine = (elements: number): number => Math.ceil(elements / LINE_ELEMENTS) * LINE_ELEMENTS;

/** The offset of each area, and the total size; in elements. */
export interface ScratchLayout<Area extends string> {
  readonly offsets: Readonly<Record<Area, number>>;
  readonly elements: number;
}

/** Lays out areas of the given sizes, in 32-bit elements, one after another. */
export const scratchLayout = <Area extends string>(sizes: Readonly<Record<Area, number>>): ScratchLayout<Area> => {
  const offsets = { ...sizes } as Record<Area, number>;
  let elements = 0;
  // the keys of a record of areas are areas
  for (const area of Object.keys(sizes) as Area[]) {
    offsets[area] = elements;
    elements += roundUpToLine(sizes[area]);
  }
  return { offsets, elements };
};

/** The places of the areas in scratch that begins at `at`. */
export const areasAt = <Area extends string>(
  { offsets }: ScratchLayout<Area>,
  at: Place,
): Readonly<Record<Area, Place>> =>
  // the keys of `offsets` are the areas
  Object.fromEntries(
    Object.entries<number>(offsets).map(([area, offset]) => [area, shift(at, WORD_BYTES * offset)]),
  ) as Record<Area, Place>;
