import { expect, test } from 'vitest';
import { ORIGIN } from '../../../../properties/oracles/plans.js';
import type { View } from '../../../dsl/plan/plan.js';
import { layoutOf } from './layout.js';
import { productsOf } from './product.js';

const view = (buffer: number, offset: number, shape: readonly [number, number]): View => ({
  ...{ buffer, offset, shape, strides: [shape[1], 1], dtype: 'float32' },
});

/** `[4, K] · [K, 8]` with the left side, the right side and the result in these buffers. */
const layoutIn = ([left, right, output]: readonly [number, number, number], K: number) => {
  const [product] = productsOf({
    kind: 'anchor',
    origin: ORIGIN,
    anchor: { op: 'dot' },
    inputs: [view(left, 0, [4, K]), view(right, 0, [K, 8])],
    output: view(output, 40, [4, 8]),
    scratch: null,
  });
  return layoutOf(product!);
};

test('accesses a shared buffer by vectors only if all of its views allow it', () => {
  expect(layoutIn([0, 1, 2], 8)).toEqual({ left: 'depth', right: 'columns', output: 'columns' });
  expect(layoutIn([0, 0, 0], 8)).toEqual({ left: 'depth', right: 'columns', output: 'columns' });
  // rows of 5 are not whole vectors: all views of their buffer are accessed one element at a time
  expect(layoutIn([0, 1, 2], 5)).toEqual({ left: 'none', right: 'columns', output: 'columns' });
  expect(layoutIn([0, 0, 2], 5)).toEqual({ left: 'none', right: 'none', output: 'columns' });
  expect(layoutIn([0, 1, 0], 5)).toEqual({ left: 'none', right: 'columns', output: 'none' });
  expect(layoutIn([0, 0, 0], 5)).toEqual({ left: 'none', right: 'none', output: 'none' });
});
