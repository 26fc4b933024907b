/**
 * Estimates the effect of rounding on a program by stochastic arithmetic (Vignes 1993). The program is evaluated in
 * float64 with random relative errors of the size of float32 rounding wherever float32 rounds. The spread of the
 * results, times a safety factor, is the tolerance between two float32 backends.
 */
import type { KeyWords } from '../../src/dsl/plan/backend.js';
import { type Node, reachable, rewrite } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import { decompose } from '../../src/dsl/composites/decompose.js';
import * as p from '../../src/dsl/primitives/index.js';
import { numbers } from '../arbitraries/choices.js';
import { evaluate } from './evaluate.js';

/** Four units in the last place of a float32, the tolerance for polynomials of a backend. */
const ERROR = 2 ** -21;

/** Operations whose results are elements of their operands, or exact. */
const EXACT: ReadonlySet<string> = new Set([
  'input', 'select', 'reshape', 'transpose', 'broadcast', 'slice', 'flip', 'pad', 'concat', 'gather', 'stored', 'after',
  'stopGradient', 'iota', 'neg', 'abs', 'max', 'min',
]); // oxfmt-ignore

/** Operations whose operands are rounded too, like the terms of their sums. */
const SUMS: ReadonlySet<string> = new Set(['sum', 'cumsum', 'scatterAdd', 'dot', 'conv2d']);

const nameOf = (n: Node): string =>
  n.op === 'unary' || n.op === 'binary' || n.op === 'reduce' ? n.attributes.fn : n.op;

/** The number of terms of a sum; 0 for other operations. */
const termsOf = (n: Node): number => {
  switch (n.op) {
    case 'reduce':
      return n.attributes.fn === 'sum' ? sizeOf(n.inputs[0].shape) / Math.max(1, sizeOf(n.shape)) : 0;
    case 'cumsum':
      return n.shape[n.attributes.axis]!;
    case 'scatterAdd':
      return n.inputs[0].shape[0]!;
    case 'dot':
      return n.inputs[0].shape.at(-1)!;
    case 'conv2d':
      return sizeOf(n.inputs[1].shape.slice(0, -1));
    default:
      return 0;
  }
};

/**
 * The relative error that a sum of n equal terms can have: each addition rounds by up to 2⁻²⁴ of the partial sum, in the same
 * direction, and the partial sums are n/2 terms on average. The random errors of the samples do not show it: they average out.
 */
const ofEqualTerms = (roots: readonly Node[]): number =>
  reachable(decompose(roots, [])).reduce((terms, n) => terms + termsOf(n), 0) * 2 ** -25;

const disturbed = (roots: readonly Node[], seed: number): readonly Node[] => {
  let next = seed;
  const errors = (n: Node): Node =>
    n.dtype === 'float32'
      ? p.mul(n, p.constant(numbers('small', next++, sizeOf(n.shape)).map((e) => 1 + e * ERROR), n.shape, 'float32')) // oxfmt-ignore
      : n;
  return rewrite(decompose(roots, []), (n) => {
    const name = nameOf(n);
    if (EXACT.has(name)) return n;
    return errors(SUMS.has(name) ? ({ ...n, inputs: n.inputs.map(errors), depth: n.depth + 1 } as Node) : n);
  });
};

export interface Rounded {
  readonly exact: Float64Array;
  /** The tolerance of a float32 result. */
  readonly tolerance: number;
}

/** The number of evaluations with errors, of which the largest deviation counts. */
const SAMPLES = 3;
/** A safety factor, because three samples may all be small. */
const SAFETY = 20;

/** The exact results of a program with tolerances, or null if intermediate numbers exceed the range of float32. */
export const rounded = (
  roots: readonly Node[],
  inputs: Readonly<Record<string, Float64Array>>,
  keys: Readonly<Record<string, KeyWords>>,
  seed: number,
): readonly Rounded[] | null => {
  const { outputs, all } = evaluate(roots, inputs, keys);
  const holds = (x: number): boolean => Math.abs(x) < 1e30 && (x === 0 || Math.abs(x) > 1e-30);
  if (![...all.values()].every((values) => values.every(holds))) return null;
  const others = Array.from(
    { length: SAMPLES },
    (_, i) => evaluate(disturbed(roots, seed + 1000 * i), inputs, keys).outputs,
  );
  const least = Math.max(1e-6, ofEqualTerms(roots));
  return outputs.map((exact, k) => ({
    exact,
    tolerance: others.reduce(
      (most, of) => exact.reduce((m, x, i) => Math.max(m, SAFETY * Math.abs(x - of[k]![i]!)), most),
      least * exact.reduce((m, x) => Math.max(m, Math.abs(x)), 0),
    ),
  }));
};
