/** Scalar functions in JavaScript, for engines whose memory the host can read. */
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import { binaryFunction, unaryFunction } from '../../../dsl/primitives/scalar.js';
import type { Engine, ExactScalars } from './engine.js';
import { arrayOf } from './transfer.js';

/** Computes the functions that `covers` selects on the host. */
export const exactOnHost = (engine: Engine, covers: ExactScalars['covers']): ExactScalars => ({
  covers,
  compute: ({ fn, dtype, result }, operands) => {
    const [a, b] = operands.map((x) => engine.readNow!(x)); // the caller passes only engines that read synchronously
    const results = arrayOf(result, a!.length);
    // the graph pairs one operand with unary functions, and two with binary ones
    if (b === undefined) {
      const f = unaryFunction(fn as UnaryFn, dtype);
      for (let i = 0; i < results.length; i++) results[i] = f(a![i]!);
    } else {
      const f = binaryFunction(fn as BinaryFn, dtype);
      for (let i = 0; i < results.length; i++) results[i] = f(a![i]!, b[i]!);
    }
    return engine.tensor(results, operands[0]!.shape, result);
  },
});
