import { denseStrides } from '../../dsl/compile/lower/loops.js';
import { copyStrided, dense, type Layout } from '../shared/strided.js';
import type { Dense, Primitive } from './dense.js';

/** Also used for `reshape`, which keeps the order of the elements. */
export const copy = (_: unknown, [x]: readonly Dense[], output: Dense): void => output.data.set(x!.data);

/** Fills `output`, reading the input with the strides and offset of `from`. */
const copyFrom = (x: Dense, from: Layout, output: Dense): void =>
  copyStrided(output.shape, x.data, from, output.data, dense(output.shape));

const dotProduct = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

export const transpose: Primitive<'transpose'> = ({ permutation }, [x], output) => {
  const strides = denseStrides(x!.shape);
  copyFrom(x!, { offset: 0, strides: permutation.map((axis) => strides[axis]!) }, output);
};

export const broadcast: Primitive<'broadcast'> = (_, [x], output) => {
  const strides = denseStrides(x!.shape).map((stride, axis) => (x!.shape[axis] === 1 ? 0 : stride));
  copyFrom(x!, { offset: 0, strides }, output);
};

export const slice: Primitive<'slice'> = ({ start, strides: steps }, [x], output) => {
  const strides = denseStrides(x!.shape);
  copyFrom(x!, { offset: dotProduct(start, strides), strides: strides.map((stride, i) => stride * steps[i]!) }, output);
};

export const flip: Primitive<'flip'> = ({ axes }, [x], output) => {
  const strides = denseStrides(x!.shape);
  const last = x!.shape.map((extent, axis) => (axes.includes(axis) ? extent - 1 : 0));
  copyFrom(
    x!,
    { offset: dotProduct(last, strides), strides: strides.map((s, axis) => (axes.includes(axis) ? -s : s)) },
    output,
  );
};

export const pad: Primitive<'pad'> = ({ low, interior, value }, [x], output) => {
  const strides = denseStrides(output.shape);
  output.data.fill(value);
  copyStrided(x!.shape, x!.data, dense(x!.shape), output.data, {
    offset: dotProduct(low, strides),
    strides: strides.map((stride, axis) => stride * (1 + interior[axis]!)),
  });
};

export const concat: Primitive<'concat'> = ({ axis }, parts, output) => {
  const strides = denseStrides(output.shape);
  let start = 0;
  for (const part of parts) {
    copyStrided(part.shape, part.data, dense(part.shape), output.data, {
      offset: start * strides[axis]!,
      strides,
    });
    start += part.shape[axis]!;
  }
};
