/** The text of a product around what differs between its kernels: which tile it is, and the loops over the depth. */
import { block } from '../wgsl/code.js';
import type { Form } from './form.js';
import { GEOMETRY, type Tile } from './geometry.js';
import { beforeLoops, beforeSteps, leftFunctions, type LeftVector } from './left.js';
import { rightFunctions, storeFunction } from './right.js';

/** The arrays of a shader, in the order of their bindings; the geometry follows. */
export interface Arrays {
  readonly declarations: readonly string[];
  readonly left: string;
  readonly right: string;
  readonly output: string;
}

/** A way to compute a tile. */
export interface Kernel {
  readonly name: string;
  readonly tile: Tile;
  readonly invocations: number;
  readonly write: (form: Form) => Parts;
}

interface Parts {
  /** Before everything. */
  readonly directives?: string;
  readonly declarations?: string;
  /** The built-in value that is the number of an invocation in its workgroup. */
  readonly lane: 'local_invocation_index' | 'subgroup_invocation_id';
  readonly vectors: readonly LeftVector[];
  readonly before: readonly string[];
  /** One step along the depth, from `d` on. */
  readonly step: readonly string[];
  readonly after: readonly string[];
}

export const shaderText = (kernel: Kernel, form: Form, arrays: Arrays): string => {
  const { tile, invocations } = kernel;
  const { directives = '', declarations = '', lane, vectors, before, step, after } = kernel.write(form);
  const steps = block(`for (var d = 0; d < g.depth.z; d += ${tile.step})`, step);
  const loops = block(
    'for (var outer0 = part * g.cut.y; outer0 < min(g.depth.x, (part + 1) * g.cut.y); outer0++)',
    block('for (var outer1 = 0; outer1 < g.depth.y; outer1++)', [
      'let outer = vec3i(outer0, outer1, 0);',
      'let rightStart = rightFirst + dot(outer, g.rightByDepth);',
      ...vectors.flatMap((vector) => beforeSteps(form, vector)),
      ...steps,
    ]),
  );
  const statements = [
    'let tile = i32(group.x + group.y * grid.x);',
    'if (tile >= g.tiles.x * g.tiles.y * g.tiles.z) { return; }',
    `let firstColumn = tile % g.tiles.x * ${tile.columns};`,
    `let firstRow = tile / g.tiles.x % g.tiles.y * ${tile.rows};`,
    'let layer = tile / (g.tiles.x * g.tiles.y);',
    'let part = layer % g.cut.x;',
    'let member = digits(layer / g.cut.x, g.batch);',
    'let leftStart = g.offsets.x + dot(member, g.leftByBatch);',
    'let rightFirst = g.offsets.y + dot(member, g.rightByBatch);',
    'let rows = g.rows.x * g.rows.y * g.rows.z;',
    'let lane = i32(invocation);',
    ...vectors.flatMap((vector) => beforeLoops(form, vector)),
    ...before,
    ...loops,
    'let output = g.offsets.z + layer * rows * g.columns.x;',
    ...after,
  ];
  return `${directives}${arrays.declarations.join('\n')}
${GEOMETRY}
@group(0) @binding(${arrays.declarations.length}) var<uniform> g: Geometry;
${declarations}
// a length of loops that no compiler unrolls: there are columns
fn four() -> i32 { return 4 * min(1, g.columns.x); }
fn digits(number: i32, extents: vec3i) -> vec3i {
  return vec3i(number / (extents.y * extents.z), number / extents.z % extents.y, number % extents.z);
}
${leftFunctions(form, arrays.left)}
${rightFunctions(form, arrays.right)}
${storeFunction(form, arrays.output)}

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
 * Vectors of four columns into the result, by their names; `row` and `column` are of vector `i`. In a loop, as a store
 * is long in what drivers of CPUs make of it.
 */
export const storeAll = (names: readonly string[], row: string, column: string): readonly string[] => [
  `var sums = array<vec4f, ${names.length}>(${names.join(', ')});`,
  ...block(`for (var i = 0; i < ${names.length / 4} * four(); i++)`, [
    `store(output, ${row}, ${column}, sums[i]);`,
  ]),
];

/** `count` numbers from 0. */
export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** The row of the left side that a vector is in, or begins with: where it is clear that there is one. */
export const rowOf = ({ layout }: Form, row: string): string =>
  `min(firstRow + ${row}, rows - ${layout.left === 'rows' ? 4 : 1})`;
