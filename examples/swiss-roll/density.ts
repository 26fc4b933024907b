/** The density of points in the plane, and its lines of equal height. */
import type { Points } from './energyDistance.js';

/** Numbers at the nodes of a square lattice over [-extent, extent]², row by row from the top. */
export interface Field {
  readonly side: number;
  readonly extent: number;
  readonly values: Float64Array;
}

/** A closed line, x, y of each corner. */
export type Ring = readonly (readonly [x: number, y: number])[];

/** The weights of a Gaussian of deviation σ nodes, from -3σ to 3σ; their sum is 1. */
const gaussian = (sigma: number): readonly number[] => {
  const reach = Math.ceil(3 * sigma);
  const bell = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const total = bell.reduce((a, b) => a + b);
  return bell.map((weight) => weight / total);
};

/** The weighted sum over neighbours, `stride` apart, with zeros beyond the border. */
const blurred = (values: Float64Array, side: number, stride: number, weights: readonly number[]) =>
  values.map((_, at) => {
    const place = Math.floor(at / stride) % side;
    return weights.reduce((sum, weight, i) => {
      const off = i - (weights.length - 1) / 2;
      const inside = place + off >= 0 && place + off < side;
      return inside ? sum + weight * values[at + off * stride]! : sum;
    }, 0);
  });

/**
 * The kernel density estimate, per unit of area, with a Gaussian of deviation `bandwidth`: points are counted at their
 * nearest node. Points outside the lattice are ignored.
 */
export const densityOf = (points: Points, side: number, extent: number, bandwidth: number): Field => {
  const counts = new Float64Array(side * side);
  const spacing = (2 * extent) / (side - 1);
  for (let i = 0; i < points.length; i += 2) {
    const column = Math.round((points[i]! + extent) / spacing);
    const row = Math.round((extent - points[i + 1]!) / spacing);
    if (Math.min(row, column) >= 0 && Math.max(row, column) < side) counts[row * side + column]!++;
  }
  const weights = gaussian(bandwidth / spacing);
  const smooth = blurred(blurred(counts, side, 1, weights), side, side, weights);
  return { side, extent, values: smooth.map((count) => count / ((points.length / 2) * spacing ** 2)) };
};

// the corners of a cell, clockwise from its top left one: rows and columns beyond it
const CORNERS = [[0, 0], [0, 1], [1, 1], [1, 0]] as const; // oxfmt-ignore

/**
 * The rings around everything above `level` (marching squares). Going around a cell, the line enters by an edge where
 * the field rises above the level, and leaves by the next edge where it falls below. For the neighbouring cell the
 * field rises there, so each crossed edge leads to the next one.
 */
export const contours = ({ side, extent, values }: Field, level: number): readonly Ring[] => {
  const height = (node: number) => values[node]! - level;
  const following = new Map<string, string>();
  const crossings = new Map<string, readonly [number, number]>();
  const spacing = (2 * extent) / (side - 1);
  const cross = (a: number, b: number): string => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)]; // the same for both cells of the edge
    const part = height(low) / (height(low) - height(high));
    const along = (of: (node: number) => number) => of(low) + part * (of(high) - of(low));
    const name = `${low} ${high}`;
    crossings.set(name, [
      along((node) => node % side) * spacing - extent,
      extent - along((node) => Math.floor(node / side)) * spacing,
    ]);
    return name;
  };
  for (let row = 0; row + 1 < side; row++)
    for (let column = 0; column + 1 < side; column++) {
      const nodes = CORNERS.map(([down, right]) => (row + down) * side + column + right);
      const edges = nodes.map((node, i) => [node, nodes[(i + 1) % 4]!] as const);
      const isAbove = (node: number) => height(node) > 0;
      const turn = edges.findIndex(([a, b]) => !isAbove(a) && isAbove(b));
      if (turn === -1) continue; // all above the level, or all below
      const crossed = edges.map((_, i) => edges[(turn + i) % 4]!).filter(([a, b]) => isAbove(a) !== isAbove(b));
      for (let i = 0; i < crossed.length; i += 2) following.set(cross(...crossed[i]!), cross(...crossed[i + 1]!));
    }
  const rings: Ring[] = [];
  for (const [start] of following) {
    const ring: (readonly [number, number])[] = [];
    for (let edge: string | undefined = start; edge !== undefined;) {
      const next = following.get(edge);
      if (next !== undefined) ring.push(crossings.get(edge)!);
      following.delete(edge);
      edge = next;
    }
    if (ring.length > 0) rings.push(ring);
  }
  return rings;
};
