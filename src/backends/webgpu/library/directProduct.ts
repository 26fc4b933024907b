/** A product of matrices as its definition reads: a thread has one number of the result. Operands are strided. */
import { sizeOf } from '../../../dsl/node.js';
import type { View } from '../../../dsl/plan.js';
import type { At, Threads } from './shader.js';

/** `y[…, i, j] = Σ a[…, i, k]·b[…, k, j]`. */
export const directProduct = ([a, b]: readonly [View, View], output: View, at: At): Threads => {
  const { shape } = output;
  const names = shape.map((_, axis) => `i${axis}`);
  const [row, column] = names.slice(-2) as [string, string]; // a product has two axes at least
  const batch = names.slice(0, -2);
  let rest = 'i';
  const indices = [...shape.keys()].reverse().map((axis) => {
    const line = `let i${axis} = i32((${rest}) % ${shape[axis]}u);`;
    rest = `(${rest}) / ${shape[axis]}u`;
    return line;
  });
  const address = ({ strides }: View, all: readonly string[]): string =>
    `u32(${all.map((index, axis) => `${index} * (${strides[axis]!}i)`).join(' + ')})`;
  return {
    threads: sizeOf(shape),
    body: `
  ${indices.join('\n  ')}
  var sum = 0.0f;
  for (var k = 0i; k < ${a.shape.at(-1)}i; k++) {
    sum += ${at(a, address(a, [...batch, row, 'k']))} * ${at(b, address(b, [...batch, 'k', column]))};
  }
  ${at(output, address(output, names))} = sum;`,
  };
};
