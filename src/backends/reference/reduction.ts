import { identityOf } from '../../dsl/graph/region.js';
import { binaryFunction } from '../../dsl/primitives/scalar.js';
import { COMBINE, rank } from '../shared/reductions.js';
import { dense, reduced, walk } from '../shared/strided.js';
import { alongAxis, type Primitive } from './dense.js';

export const reduce: Primitive<'reduce'> = ({ fn, axes }, [x], output) => {
  const combine = binaryFunction(COMBINE[fn], x!.dtype);
  output.data.fill(identityOf(fn, x!.dtype));
  walk(x!.shape, dense(x!.shape), reduced(x!.shape, axes), (read, write) => {
    output.data[write] = combine(output.data[write]!, x!.data[read]!);
  });
};

export const cumsum: Primitive<'cumsum'> = ({ axis, reverse }, [x], output) => {
  const add = binaryFunction('add', x!.dtype);
  const { outer, extent, inner } = alongAxis(x!.shape, axis);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      for (let step = 0, sum = 0; step < extent; step++) {
        const at = (o * extent + (reverse ? extent - 1 - step : step)) * inner + i;
        sum = add(sum, x!.data[at]!);
        output.data[at] = sum;
      }
};

export const argmax: Primitive<'argmax'> = ({ axis }, [x], output) => {
  const { outer, extent, inner } = alongAxis(x!.shape, axis);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const valueAt = (step: number): number => rank(x!.data[(o * extent + step) * inner + i]!);
      let best = 0;
      for (let step = 1; step < extent; step++) if (valueAt(step) > valueAt(best)) best = step;
      output.data[o * inner + i] = best;
    }
};

export const topKIndices: Primitive<'topKIndices'> = ({ k }, [x], output) => {
  const { outer, extent } = alongAxis(x!.shape, x!.shape.length - 1);
  for (let o = 0; o < outer; o++) {
    const row = x!.data.subarray(o * extent, (o + 1) * extent);
    const ranks = row.map(rank);
    const order = Array.from(row, (_, i) => i);
    order.sort((a, b) => (ranks[a]! > ranks[b]! ? -1 : ranks[a]! < ranks[b]! ? 1 : a - b));
    for (let i = 0; i < k; i++) output.data[o * k + i] = order[i]!;
  }
};
