/** The mask of an image to repair: 1 for pixels to fill in. */
import { AREA, SIDE } from '../shared/extent.js';

export type Mask = Uint8Array<ArrayBuffer>;

/** A position in the image, in pixels from its upper left corner. */
export interface Cell {
  readonly x: number;
  readonly y: number;
}

export const regions = ['top', 'bottom', 'left', 'right', 'middle', 'all', 'none'] as const;
export type Region = (typeof regions)[number];

const maskOf = (isIn: (x: number, y: number) => boolean): Mask =>
  Uint8Array.from({ length: AREA }, (_, i) => (isIn(i % SIDE, Math.floor(i / SIDE)) ? 1 : 0));

const half = SIDE / 2;
const inMiddle = (n: number): boolean => Math.abs(n - (SIDE - 1) / 2) < SIDE / 4;

/** The mask of a region. */
export const maskOver = (region: Region): Mask => {
  switch (region) {
    case 'top':
      return maskOf((_, y) => y < half);
    case 'bottom':
      return maskOf((_, y) => y >= half);
    case 'left':
      return maskOf((x) => x < half);
    case 'right':
      return maskOf((x) => x >= half);
    case 'middle':
      return maskOf((x, y) => inMiddle(x) && inMiddle(y));
    case 'all':
      return maskOf(() => true);
    case 'none':
      return maskOf(() => false);
  }
};

/** The distance of a point from a line segment. */
const distance = (from: Cell, to: Cell, x: number, y: number): number => {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / length));
  return Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
};

/** Adds a stroke of a round brush to a mask: the pixels with a covered centre, and the pixel under the pointer. */
export const brushed = (mask: Mask, from: Cell, to: Cell, radius: number, value: 0 | 1): Mask =>
  mask.map((before, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    const stoodIn = [from, to].some((cell) => Math.floor(cell.x) === x && Math.floor(cell.y) === y);
    return stoodIn || distance(from, to, x + 0.5, y + 0.5) <= radius ? value : before;
  });

/** The masked fraction of the image. */
export const share = (mask: Mask): number => mask.reduce((sum, m) => sum + m, 0) / AREA;
