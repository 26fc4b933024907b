import { binaryFunction } from '../../dsl/primitives/scalar.js';
import { alongAxis, type Primitive } from './dense.js';

/** An index out of range selects the nearest row. */
const clamp = (index: number, rows: number): number => Math.min(Math.max(index, 0), rows - 1);

export const gather: Primitive<'gather'> = (_, [x, indices], output) => {
  const { extent: rows, inner } = alongAxis(x!.shape, 0);
  indices!.data.forEach((index, m) => {
    const row = clamp(index, rows);
    for (let i = 0; i < inner; i++) output.data[m * inner + i] = x!.data[row * inner + i]!;
  });
};

export const scatterAdd: Primitive<'scatterAdd'> = ({ size }, [indices, updates], output) => {
  const add = binaryFunction('add', updates!.dtype);
  const { inner } = alongAxis(updates!.shape, 0);
  output.data.fill(0);
  indices!.data.forEach((index, m) => {
    const row = clamp(index, size);
    for (let i = 0; i < inner; i++)
      output.data[row * inner + i] = add(output.data[row * inner + i]!, updates!.data[m * inner + i]!);
  });
};
