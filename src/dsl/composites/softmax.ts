import { F } from '../../internal/fp.js';
import type { Composite, Node } from '../graph/node.js';
import { broadcast, div, exp, mul, reduceKeeping, sub } from '../primitives/index.js';

const last = (x: Node): readonly number[] => [x.shape.length - 1];
const over = (fn: 'sum' | 'max', x: Node): Node => broadcast(reduceKeeping(fn, x, last(x)), x.shape);

/** `exp(x − max x) / Σ exp(x − max x)` along the last axis; its derivative reads its result alone. */
export const softmaxComposite: Composite = {
  name: 'softmax',
  batch: F.identity,
  decompose: ([x]) => {
    const e = exp(sub(x!, over('max', x!)));
    return div(e, over('sum', e));
  },
  derivative: (_, y, g) => [mul(y, sub(g, over('sum', mul(g, y))))],
};
