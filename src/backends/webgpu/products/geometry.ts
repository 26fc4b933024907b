/** Uniform values that describe a product to its shader, so that one shader serves many shapes. */
import { sizeOf } from '../../../internal/numbers.js';
import type { Axis, Product, Triple } from './product.js';

/**
 * A split of the depth (split-K): each part is a separate product, and the results of the parts are added up
 * afterwards.
 */
export interface DepthSplit {
  readonly parts: number;
  /** Length of one part along the first digit of the depth. */
  readonly length: number;
}

/** The part of the result that one workgroup computes, and its step along the depth. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
}

/** Numbers of tiles along columns and rows, and of layers: one per member of the batch and part of the depth. */
export const tilesOf = ({ rows, columns, batch }: Product, tile: Tile, { parts }: DepthSplit): Triple => [
  Math.ceil(columns / tile.columns),
  Math.ceil(sizeOf(rows) / tile.rows),
  sizeOf(batch) * parts,
];

const NO_AXIS: Axis = { byRow: [0, 0, 0], byDepth: [0, 0, 0], padding: 0, gap: 1, extent: 0, stride: 0 };

/** Values of the members of the WGSL struct `Geometry`. */
const fieldsOf = (product: Product, tile: Tile, split: DepthSplit) => {
  const { rows, depth, columns, batch, left, right, output } = product;
  const [vertical, horizontal] = left.window ?? [NO_AXIS, NO_AXIS];
  const both = (of: (axis: Axis) => number): Triple => [of(vertical), of(horizontal), 0];
  return {
    rows,
    depth,
    batch,
    tiles: tilesOf(product, tile, split),
    split: [split.parts, split.length, tile.step],
    columns: [columns, right.byColumn, 0],
    offsets: [left.offset, right.offset, output.offset],
    leftByRow: left.byRow,
    leftByDepth: left.byDepth,
    leftByBatch: left.byBatch,
    rightByDepth: right.byDepth,
    rightByBatch: right.byBatch,
    verticalByRow: vertical.byRow,
    verticalByDepth: vertical.byDepth,
    horizontalByRow: horizontal.byRow,
    horizontalByDepth: horizontal.byDepth,
    padding: both(({ padding }) => padding),
    gap: both(({ gap }) => gap),
    extent: both(({ extent, gap }) => extent * gap),
    stride: both(({ stride }) => stride),
  } as const satisfies Readonly<Record<string, Triple>>;
};

const NAMES = [
  'rows', 'depth', 'batch', 'tiles', 'split', 'columns', 'offsets', 'leftByRow', 'leftByDepth', 'leftByBatch',
  'rightByDepth', 'rightByBatch', 'verticalByRow', 'verticalByDepth', 'horizontalByRow', 'horizontalByDepth',
  'padding', 'gap', 'extent', 'stride',
] as const satisfies readonly (keyof ReturnType<typeof fieldsOf>)[]; // oxfmt-ignore

export const GEOMETRY = `struct Geometry {
${NAMES.map((name) => `  ${name}: vec3i,`).join('\n')}
}`;

/** Packs a `Geometry`. A `vec3i` is aligned to four words. */
export const geometryOf = (product: Product, tile: Tile, split: DepthSplit): Uint32Array => {
  const fields = fieldsOf(product, tile, split);
  return Uint32Array.from(NAMES.flatMap((name) => [...fields[name], 0]));
};
