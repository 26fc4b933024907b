/** Rules that map the calls of a plan to kernels on tensors. */
import { sizeOf } from '../../../internal/numbers.js';
import type { Call, Plan, View } from '../../../dsl/plan/plan.js';
import { randomInto } from '../../../internal/numerics/threefry.js';
import { topKPositions } from '../../shared/topK.js';
import { evaluateKey } from '../../shared/random.js';
import type { Engine, Tensor } from './engine.js';
import type { TensorRule } from './kernel.js';
import { lazyBroadcasts } from './lazyBroadcasts.js';
import type { Operations } from './operations.js';
import { primitiveOf } from './primitives.js';

/** Name of a call's kernel in `explain`. */
const nameOf = (call: Extract<Call, { kind: 'library' }>): string => {
  const { op, attributes } = call.node;
  if (op === 'composite') return attributes.composite.name;
  return op === 'unary' || op === 'binary' || op === 'reduce' ? attributes.fn : op;
};

/** Computes random numbers on the host, so that every engine gets the same bits. */
const randomRule =
  (engine: Engine): TensorRule =>
  (call) => {
    if (call.kind !== 'random') return null;
    const { distribution, key, output } = call;
    return {
      name: `random ${distribution}`,
      run: (_, keys) => {
        const ArrayType = output.dtype === 'int32' ? Int32Array : Float32Array;
        const numbers = new ArrayType(sizeOf(output.shape));
        randomInto(distribution, evaluateKey(key, keys), numbers);
        return engine.tensor(numbers, output.shape, output.dtype);
      },
    };
  };

/**
 * Computes top-k indices on the host, where it can read tensors at once: tfjs's kernels disagree about NaN and lose the order
 * of infinities.
 */
const topKRule =
  ({ readNow, tensor }: Engine): TensorRule =>
  (call) => {
    if (readNow === null || call.kind !== 'library' || call.node.op !== 'topKIndices') return null;
    const { output } = call;
    const extent = call.inputs[0]!.shape.at(-1)!;
    const { k } = call.node.attributes;
    return {
      name: 'sort',
      run: ([x]) => {
        const positions = new Int32Array(sizeOf(output.shape));
        topKPositions(readNow(x!), extent, k, positions);
        return tensor(positions, output.shape, 'int32');
      },
    };
  };

/** Returns a result, or throws if its dtype or shape is not the planned one. */
const checked = (result: Tensor, { shape, dtype }: View): Tensor => {
  if (result.dtype === dtype && result.shape.join() === shape.join()) return result;
  throw new Error(`a result of ${result.dtype} [${result.shape.join(', ')}], not ${dtype} [${shape.join(', ')}]`);
}; // oxfmt-ignore

const libraryRule = (ops: Operations, plan: Plan): TensorRule => {
  const { engine } = ops;
  const lazy = lazyBroadcasts(plan, engine);
  return (call) => {
    if (call.kind !== 'library') return null;
    const { node, inputs, output } = call;
    if (lazy.has(output.buffer)) return { name: 'alias', run: ([x]) => x! };
    const evaluate = primitiveOf(ops, node, inputs, output);
    if (evaluate === null) return null;
    const name = `${engine.name} ${nameOf(call)}`;
    return { name, run: (tensors) => checked(evaluate(tensors), output) };
  };
};

/** Returns the rules of an engine, for plans that are lowered without fusing. */
export const rulesOf = (ops: Operations) => {
  const [random, topK] = [randomRule(ops.engine), topKRule(ops.engine)];
  return (plan: Plan): readonly TensorRule[] => [random, topK, libraryRule(ops, plan)];
};
