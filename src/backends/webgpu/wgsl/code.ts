/** Assembles compute shaders from their statements. */
import { declaration } from './access.js';
import { libraryFor } from './library/library.js';
import type { Binding, Shader, ShaderLimits } from './shader.js';
import { elementType } from './library/types.js';
import type { Vectors } from './vectors.js';
import type { BoundNest } from './boundNest.js';

/** Arranges `count` workgroups in one dimension, or in two if one is not enough. */
export const gridOf = (
  count: number,
  { maxComputeWorkgroupsPerDimension: most }: Pick<ShaderLimits, 'maxComputeWorkgroupsPerDimension'>,
): Shader['workgroups'] => {
  if (count <= most) return [count, 1, 1];
  const rows = Math.ceil(count / most);
  return [Math.ceil(count / rows), rows, 1];
};

/** An expression for the number of a workgroup in its grid. */
export const groupNumber = ([columns, rows]: Shader['workgroups']): string =>
  rows === 1 ? 'group.x' : `group.x + group.y * ${columns}u`;

/** Statements that split a number into indices with the given names and extents. The first index varies fastest. */
export const digitsOf = (
  number: string,
  digits: readonly { readonly name: string; readonly extent: number }[],
  rest: string,
): readonly string[] =>
  digits.flatMap(({ name, extent }, i) => {
    const from = i === 0 ? number : `${rest}${i - 1}`;
    if (i === digits.length - 1) return [`let ${name} = ${from};`];
    return [`let ${name} = ${from} % ${extent}u;`, `let ${rest}${i} = ${from} / ${extent}u;`];
  });

/** Declares the arrays of the bindings of a nest. */
export const declarationsOf = (
  { bindings, elements }: Pick<BoundNest, 'bindings' | 'elements'>,
  { widths }: Pick<Vectors, 'widths'>,
): readonly string[] =>
  bindings.map((binding, b) =>
    declaration(b, binding.kind === 'buffers' ? binding.access : 'read_write', elementType(elements[b]!, widths[b]!)),
  );

interface Parts {
  readonly name: string;
  readonly bindings: readonly Binding[];
  readonly declarations: readonly string[];
  /** Invocations per workgroup. */
  readonly size: number;
  readonly statements: readonly string[];
  readonly workgroups: Shader['workgroups'];
}

/** Makes a shader. Its statements can use `group`, the workgroup's id, and `lane`, the invocation's index in it. */
export const shaderOf = ({ name, bindings, declarations, size, statements, workgroups }: Parts): Shader => {
  const main = `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
${statements.map((line) => `  ${line}`).join('\n')}
}
`;
  return {
    name,
    bindings,
    workgroups,
    code: `${declarations.join('\n')}\n${libraryFor(declarations.join('\n') + main)}${main}`,
  };
};

/** Puts statements into a block, indented. */
export const block = (head: string, lines: readonly string[]): readonly string[] => [
  `${head} {`,
  ...lines.map((line) => `  ${line}`),
  '}',
];
