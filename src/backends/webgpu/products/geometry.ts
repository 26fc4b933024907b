/** The numbers of a product as a shader reads them: one shader serves products of many shapes. */
import { sizeOf } from '../../../dsl/node.js';
import type { Axis, Product, Three } from './problem.js';

/** How the depth is cut into parts, each a product of its own, which are added up later. */
export interface Cut {
  readonly parts: number;
  /** So many numbers of its first digit are one part. */
  readonly length: number;
}

/** What a workgroup computes, in steps of some length along the depth. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
}

/** Tiles along columns and rows, and how many such layers there are: for each member of the batch, and each part. */
export const tilesOf = ({ rows, columns, batch }: Product, tile: Tile, { parts }: Cut): Three => [
  Math.ceil(columns / tile.columns),
  Math.ceil(sizeOf(rows) / tile.rows),
  sizeOf(batch) * parts,
];

const NONE: Axis = { byRow: [0, 0, 0], byDepth: [0, 0, 0], padding: 0, gap: 1, extent: 0, stride: 0 };

/** By the names of members of `Geometry`. */
const fieldsOf = (product: Product, tile: Tile, cut: Cut) => {
  const { rows, depth, columns, batch, left, right, output } = product;
  const [vertical, horizontal] = left.window ?? [NONE, NONE];
  const both = (of: (axis: Axis) => number): Three => [of(vertical), of(horizontal), 0];
  return {
    rows,
    depth,
    batch,
    tiles: tilesOf(product, tile, cut),
    cut: [cut.parts, cut.length, tile.step],
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
  } as const satisfies Readonly<Record<string, Three>>;
};

const NAMES = [
  'rows', 'depth', 'batch', 'tiles', 'cut', 'columns', 'offsets', 'leftByRow', 'leftByDepth', 'leftByBatch',
  'rightByDepth', 'rightByBatch', 'verticalByRow', 'verticalByDepth', 'horizontalByRow', 'horizontalByDepth',
  'padding', 'gap', 'extent', 'stride',
] as const satisfies readonly (keyof ReturnType<typeof fieldsOf>)[]; // prettier-ignore

export const GEOMETRY = `struct Geometry {
${NAMES.map((name) => `  ${name}: vec3i,`).join('\n')}
}`;

/** A `Geometry`; a vector of three takes the place of four. */
export const geometryOf = (product: Product, tile: Tile, cut: Cut): Uint32Array => {
  const fields = fieldsOf(product, tile, cut);
  return Uint32Array.from(NAMES.flatMap((name) => [...fields[name], 0]));
};
