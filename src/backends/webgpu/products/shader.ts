/** The shader code that all product kernels share: the choice of the tile and the loops over the depth. */
import { block } from '../wgsl/code.js';
import type { Variant } from './variant.js';
import { GEOMETRY, type Tile } from './geometry.js';
import { beforeLoops, beforeSteps, leftFunctions, type LeftVector } from './left.js';
import { rightFunctions, storeFunction } from './right.js';

/**
 * The declarations of a shader's arrays, in order of binding (the geometry comes after them), and the names of the
 * arrays.
 */
export interface Arrays {
  readonly declarations: readonly string[];
  readonly left: string;
  readonly right: string;
  readonly output: string;
}

/** A method to compute a tile. */
export interface Kernel {
  readonly name: string;
  readonly tile: Tile;
  readonly invocations: number;
  readonly write: (variant: Variant) => Parts;
}

interface Parts {
  /** WGSL directives, which come first. */
  readonly directives?: string;
  readonly declarations?: string;
  /** The built-in value that numbers the invocations of a workgroup. */
  readonly lane: 'local_invocation_index' | 'subgroup_invocation_id';
  readonly vectors: readonly LeftVector[];
  readonly before: readonly string[];
  /** One step along the depth, starting at `d`. */
  readonly step: readonly string[];
  readonly after: readonly string[];
}

export const shaderText = (kernel: Kernel, variant: Variant, arrays: Arrays): string => {
  const { tile, invocations } = kernel;
  const { directives = '', declarations = '', lane, vectors, before, step, after } = kernel.write(variant);
  const steps = block(`for (var d = 0; d < g.depth.z; d += ${tile.step})`, step);
  const loops = block(
    'for (var outer0 = part * g.split.y; outer0 < min(g.depth.x, (part + 1) * g.split.y); outer0++)',
    block('for (var outer1 = 0; outer1 < g.depth.y; outer1++)', [
      'let outer = vec3i(outer0, outer1, 0);',
      'let rightStart = rightFirst + dot(outer, g.rightByDepth);',
      ...vectors.flatMap((vector) => beforeSteps(variant, vector)),
      ...steps,
    ]),
  );
  const statements = [
    'let tile = i32(group.x + group.y * grid.x);',
    'if (tile >= g.tiles.x * g.tiles.y * g.tiles.z) { return; }',
    `let firstColumn = tile % g.tiles.x * ${tile.columns};`,
    `let firstRow = tile / g.tiles.x % g.tiles.y * ${tile.rows};`,
    'let layer = tile / (g.tiles.x * g.tiles.y);',
    'let part = layer % g.split.x;',
    'let member = digits(layer / g.split.x, g.batch);',
    'let leftStart = g.offsets.x + dot(member, g.leftByBatch);',
    'let rightFirst = g.offsets.y + dot(member, g.rightByBatch);',
    'let rows = g.rows.x * g.rows.y * g.rows.z;',
    'let lane = i32(invocation);',
    ...vectors.flatMap((vector) => beforeLoops(variant, vector)),
    ...before,
    ...loops,
    'let output = g.offsets.z + layer * rows * g.columns.x;',
    ...after,
  ];
  // `four` is 4 in a form that a compiler cannot evaluate, so that it does not unroll loops
  return `${directives}${arrays.declarations.join('\n')}
${GEOMETRY}
@group(0) @binding(${arrays.declarations.length}) var<uniform> g: Geometry;
${declarations}
fn four() -> i32 { return 4 * min(1, g.columns.x); }
fn digits(number: i32, extents: vec3i) -> vec3i {
  return vec3i(number / (extents.y * extents.z), number / extents.z % extents.y, number % extents.z);
}
${leftFunctions(variant, arrays.left)}
${rightFunctions(variant, arrays.right)}
${storeFunction(variant, arrays.output)}

@compute @workgroup_size(${invocations})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(${lane}) invocation: u32,
) {
${statements.map((line) => `  ${line}`).join('\n')}
}
`;
};

/**
 * Stores vectors of four columns, given by name. `row` and `column` are expressions for vector `i`. It uses a loop,
 * because software drivers generate much code for each store.
 */
export const storeAll = (names: readonly string[], row: string, column: string): readonly string[] => [
  `var sums = array<vec4f, ${names.length}>(${names.join(', ')});`,
  ...block(`for (var i = 0; i < ${names.length / 4} * four(); i++)`, [`store(output, ${row}, ${column}, sums[i]);`]),
];

/** Numbers from 0 to `count - 1`. */
export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** The row of a vector of the left side, or its first row, limited to rows that exist. */
export const rowOf = ({ layout }: Variant, row: string): string =>
  `min(firstRow + ${row}, rows - ${layout.left === 'rows' ? 4 : 1})`;
