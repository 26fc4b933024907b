/** A convolution by its definition: one thread per element of the result. Operands and result may be strided. */
import { sizeOf } from '../../../internal/numbers.js';
import type { View } from '../../../dsl/plan/plan.js';
import type { Convolution } from '../../shared/convolution.js';
import type { ElementAt, Threads } from './shader.js';

/** Writes `Σ index·stride` of a view, without its offset. Indices are names of `i32` variables. */
const address = ({ strides }: View, indices: readonly string[]): string =>
  `u32(${indices.map((index, axis) => `${index} * (${strides[axis]!}i)`).join(' + ')})`;

/**
 * Computes all groups in one dispatch; the product kernels would need one dispatch per group:
 * `y[b, i, j, d] = Σ x[b′, (i·s + k·r − p)/l, …, c′] · w[k, …, c, d]`, over the terms whose index of x is whole and inside.
 */
export const directConvolution = ({ image, kernel, output, attributes }: Convolution, at: ElementAt): Threads => {
  const { strides, padding, lhsDilation, rhsDilation, groups, batchGroups } = attributes;
  const [, height, width] = image.shape as [number, number, number, number];
  const [windowHeight, windowWidth, channels, features] = kernel.shape as [number, number, number, number];
  const [batch, rows, columns] = output.shape as [number, number, number, number];
  /**
   * Along one axis: a declaration of the dilated image index, the condition that it addresses an element, and the image
   * index.
   */
  const place = (axis: 0 | 1, index: string, tap: string, extent: number): readonly [string, string, string] => {
    const name = axis === 0 ? 'vertical' : 'horizontal';
    return [
      `let ${name} = ${index} * ${strides[axis]}i + ${tap} * ${rhsDilation[axis]}i - (${padding[axis][0]}i);`,
      `${name} >= 0i && ${name} % ${lhsDilation[axis]}i == 0i && ${name} < ${extent * lhsDilation[axis]}i`,
      `(${name} / ${lhsDilation[axis]}i)`,
    ];
  };
  const [vertical, isRow, row] = place(0, 'y', 'k', height);
  const [horizontal, isColumn, column] = place(1, 'x', 'l', width);
  return {
    threads: sizeOf(output.shape),
    body: `
  let d = i32(i % ${features}u);
  let x = i32(i / ${features}u % ${columns}u);
  let y = i32(i / ${features * columns}u % ${rows}u);
  let b = i32(i / ${features * columns * rows}u);
  let firstChannel = (d / ${features / groups}i) * ${channels}i;
  let picture = (d / ${features / batchGroups}i) * ${batch}i + b;
  var sum = 0.0f;
  for (var k = 0i; k < ${windowHeight}i; k++) {
    ${vertical}
    if (!(${isRow})) { continue; }
    for (var l = 0i; l < ${windowWidth}i; l++) {
      ${horizontal}
      if (!(${isColumn})) { continue; }
      for (var c = 0i; c < ${channels}i; c++) {
        let channel = firstChannel + c;
        sum += ${at(image, address(image, ['picture', row, column, 'channel']))} * ${at(kernel, address(kernel, ['k', 'l', 'c', 'd']))};
      }
    }
  }
  ${at(output, address(output, ['b', 'y', 'x', 'd']))} = sum;`,
  };
};
