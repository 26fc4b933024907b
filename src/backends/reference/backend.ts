import { TE } from '../../internal/fp.js';
import { hostHeap } from '../shared/heap.js';
import { hostBackend } from '../shared/hostBackend.js';
import { type NoOptions, withOptions } from '../shared/options.js';
import { randomRule } from '../shared/random.js';
import { libraryRule } from './library.js';

/**
 * The reference backend: every primitive as a plain loop in float64. It is slow and simple, and always available.
 * Tests compare the other backends with it. Use it to find where a NaN first appears.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program({ x: '3' }, ({ x }) => square(x)), {})({ x: Float64Array.of(1, 2, 3) })) // → [1, 4, 9]
 */
export const reference = withOptions<NoOptions>('the reference backend', {}, () =>
  TE.fromIO(() =>
    hostBackend({
      name: 'reference',
      capabilities: { fuses: false, composites: [], scratchElements: () => 0 },
      heap: hostHeap(8, () => Float64Array),
      rules: () => [randomRule, libraryRule],
    }),
  ),
);
