/** WGSL for loads of the left side. Elements outside the image, or beyond the depth, are 0. */
import type { Variant } from './variant.js';

/** Four elements of the left side that an invocation loads. `row` and `depth` are `i32` expressions. */
export interface LeftVector {
  /** A unique variable name. */
  readonly name: string;
  /** The row, or the first of four rows. */
  readonly row: string;
  /** The index along the depth, or the first of four, relative to the start of a step. */
  readonly depth: string;
}

const FOUR_LEFT = `
fn fourLeft(address: i32, across: i32, inside: bool, d: i32) -> vec4f {
  var all = vec4f();
  for (var i = 0; i < four(); i++) { all = vec4f(all.yzw, leftAt(address, across, inside, d + i)); }
  return all;
}`;

/** Functions that the loads call. `numbers` is the name of the array. */
export const leftFunctions = ({ layout, window, slides, hasPartialStep }: Variant, numbers: string): string => {
  const [type, zero, index] = layout.left === 'none' ? ['f32', '0.0f', ''] : ['vec4f', 'vec4f()', ' / 4u'];
  const inside = (axis: 'x' | 'y'): string => {
    if (window === 'none') return 'true';
    const gap = window === 'gaps' ? ` && place % g.gap.${axis} == 0` : '';
    return `place >= 0 && place < g.extent.${axis}${gap}`;
  };
  const across = slides ? 'across + d * g.horizontalByDepth.z' : '';
  const isThere = ['inside', ...(hasPartialStep ? ['d < g.depth.z'] : []), ...(slides ? [`isAcross(${across})`] : [])];
  const step = slides && window === 'gaps' ? `(${across}) / g.gap.y * g.stride.y` : 'd * g.leftByDepth.z';
  return `
fn isDown(place: i32) -> bool { return ${inside('x')}; }
fn isAcross(place: i32) -> bool { return ${inside('y')}; }
fn leftAt(address: i32, across: i32, inside: bool, d: i32) -> ${type} {
  let isThere = ${isThere.join(' && ')};
  return select(${zero}, ${numbers}[u32(select(0, address + ${step}, isThere))${index}], isThere);
}${layout.left === 'none' ? FOUR_LEFT : ''}`;
};

/** Before the loops: the part of the address, and of the position in the image, that depends on the row. */
export const beforeLoops = ({ window }: Variant, { name, row }: LeftVector): readonly string[] => [
  `let row_${name} = digits(${row}, g.rows);`,
  `let left_${name} = leftStart + dot(row_${name}, g.leftByRow);`,
  ...(window === 'none'
    ? []
    : [
        `let rowDown_${name} = dot(row_${name}, g.verticalByRow) - g.padding.x;`,
        `let rowAcross_${name} = dot(row_${name}, g.horizontalByRow) - g.padding.y;`,
      ]),
];

/**
 * Inside the loops over the first two digits of the depth (`outer`): all parts except the one that depends on the
 * third.
 */
export const beforeSteps = ({ window, slides }: Variant, { name }: LeftVector): readonly string[] => {
  const start = `left_${name} + dot(outer, g.leftByDepth)`;
  if (window === 'none')
    return [`let address_${name} = ${start};`, `let across_${name} = 0;`, `let inside_${name} = true;`];
  const gaps = [
    ` + down_${name} / g.gap.x * g.stride.x`,
    ...(slides ? [] : [` + across_${name} / g.gap.y * g.stride.y`]),
  ];
  return [
    `let down_${name} = rowDown_${name} + dot(outer, g.verticalByDepth);`,
    `let across_${name} = rowAcross_${name} + dot(outer, g.horizontalByDepth);`,
    `let inside_${name} = isDown(down_${name})${slides ? '' : ` && isAcross(across_${name})`};`,
    `let address_${name} = ${start}${window === 'gaps' ? gaps.join('') : ''};`,
  ];
};

/** Loads the vector in a step that starts at `d`, and declares its name. */
export const leftLoad = ({ layout }: Variant, { name, depth }: LeftVector): string =>
  `let ${name} = ${layout.left === 'none' ? 'fourLeft' : 'leftAt'}(address_${name}, across_${name}, inside_${name}, d + ${depth});`;
