/** A compute shader around its statements. */
import { libraryFor } from './library.js';
import type { Binding, Shader, ShaderLimits } from './shader.js';
import { elementType } from './types.js';
import type { Vectors } from './vectors.js';
import type { Work } from './work.js';

/** `count` workgroups, in two dimensions where they are more than one dimension takes. */
export const gridOf = (
  count: number,
  { maxComputeWorkgroupsPerDimension: most }: ShaderLimits,
): Shader['workgroups'] => {
  if (count <= most) return [count, 1, 1];
  const rows = Math.ceil(count / most);
  return [Math.ceil(count / rows), rows, 1];
};

/** The number of a workgroup in its grid. */
export const groupNumber = ([columns, rows]: Shader['workgroups']): string =>
  rows === 1 ? 'group.x' : `group.x + group.y * ${columns}u`;

/** The indices of loops, of which the first runs fastest, from one number: names and extents. */
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

export const declarationsOf = (
  { elements }: Pick<Work, 'elements'>,
  { widths }: Pick<Vectors, 'widths'>,
): readonly string[] =>
  elements.map(
    (element, b) =>
      `@group(0) @binding(${b}) var<storage, read_write> b${b}: array<${elementType(element, widths[b]!)}>;`,
  );

interface Parts {
  readonly name: string;
  readonly bindings: readonly Binding[];
  readonly declarations: readonly string[];
  /** Invocations in a workgroup. */
  readonly size: number;
  readonly statements: readonly string[];
  readonly workgroups: Shader['workgroups'];
}

/** The statements see the workgroup as `group` and the invocation in it as `lane`. */
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

/** Wraps statements. */
export const block = (head: string, lines: readonly string[]): readonly string[] => [
  `${head} {`,
  ...lines.map((line) => `  ${line}`),
  '}',
];
