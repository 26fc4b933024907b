import {
  add,
  concatAll,
  dims,
  type Dim,
  div,
  dtypeOf,
  matmul,
  mul,
  reshape,
  type Shape,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  zipTensors,
} from '../../dsl/index.js';
import { mapTensors } from '../../dsl/transforms/tensors.js';
import type { Exact } from '../../internal/exact.js';
import { decay, positive } from '../../internal/decode.js';
import { raise, showShape } from '../../internal/errors.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { sizeOf } from '../../internal/numbers.js';
import { weightDecay } from './adam.js';
import { learningRate, rateAt, rateSettings } from './learningRate.js';
import { type Optimizer, optimizerOf } from './optimizer.js';

const muonOptions = schema('muon', {
  /** α, the learning rate: a number, or a function of the step. */
  learningRate,
  /** μ, the decay of the mean of the gradients, in [0, 1); default 0.95. */
  momentum: optional(decay, 0.95),
  /** Looks ahead along the mean; default true. */
  nesterov: optional(t.boolean, true),
  /** λ: each update also subtracts learningRate·λ times each parameter; default 0. */
  weightDecay: optional(weightDecay, 0),
  /** The number of Newton–Schulz steps, an integer ≥ 1; default 5. */
  steps: optional(positive, 5),
});

/** The options of {@link muon}. */
export interface MuonConfig extends OptionsOf<typeof muonOptions> {}

type Matrix = Tensor<[Dim, Dim]>;

/** Moves the singular values of a matrix near 1: X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ. Jordan et al. 2024. */
const newtonSchulz = (g: Matrix, steps: number): Matrix => {
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  const [rows, columns] = dims(g);
  let X = div(g, add(sqrt(sum(square(g))), 1e-7));
  if (rows > columns) X = transpose(X, 1, 0); // A is the smaller product
  for (let i = 0; i < steps; i++) {
    const A = matmul(X, transpose(X, 1, 0));
    X = add(mul(a, X), matmul(add(mul(b, A), mul(c, matmul(A, A))), X));
  }
  return rows > columns ? transpose(X, 1, 0) : X;
};

/** The direction of a parameter. A kernel is treated as the matrix of all its inputs by its outputs. */
const orthogonalized = (g: Tensor<Shape>, path: string, steps: number): Tensor<Shape> => {
  const shape: readonly number[] = dims(g);
  if (shape.length < 2)
    raise('ConfigError', {
      where: `muon: ${path}`,
      expected: 'a matrix or a kernel, of at least 2 axes',
      actual: showShape(shape),
      hint: 'give other parameters to Adam, by groups([{ where: (_, shape) => shape.length > 1, optimizer: muon(…) }, …])',
    });
  const outputs = shape.at(-1)!;
  const inputs = sizeOf(shape.slice(0, -1));
  const direction = newtonSchulz(reshape(g, inputs, outputs) as Matrix, steps);
  // in the paper, rows are outputs
  return reshape(mul(direction, Math.sqrt(Math.max(1, outputs / inputs))), ...shape) as Tensor<Shape>;
};

/** Muon for a tree in which a leaf may hold several parameters: each has its own direction. */
const muonBy = (
  config: MuonConfig,
  directionOf: (g: Tensor<Shape>, path: string, steps: number) => Tensor<Shape>,
): Optimizer => {
  const { learningRate, momentum, nesterov, weightDecay, steps } = muonOptions.demand(config);
  return optimizerOf({
    learningRate,
    settings: { muon: { learningRate: rateSettings(learningRate), momentum, nesterov, weightDecay, steps } },
    moments: ['momentum'],
    over: (leaves) =>
      muonBy(config, (vector, at) => {
        const own = leaves.filter((leaf) => `${leaf.vector}` === at).sort((a, b) => a.offset - b.offset);
        const parts = own.map(({ path, shape, offset }): Tensor<[Dim]> => {
          const size = sizeOf(shape);
          const g = reshape(slice(vector as Tensor<[Dim]>, 0, offset, size), ...shape); // a vector, by `RaveledLeaf`
          return reshape(orthogonalized(g as Tensor<Shape>, path, steps), -1) as Tensor<[Dim]>;
        });
        return concatAll(parts as [Tensor<[Dim]>], 0); // a vector holds at least one parameter
      }),
    update: (gradients, state, params, step) => {
      // m ← μ·m + (1 − μ)·g; the scale of a direction does not matter
      const m = zipTensors([state['momentum']!, gradients], (m, g) => add(mul(momentum, m), mul(1 - momentum, g)));
      const ahead = nesterov ? zipTensors([m, gradients], (m, g) => add(mul(momentum, m), mul(1 - momentum, g))) : m;
      const directions = mapTensors(ahead, (x, path) =>
        // a cast of a float32 tensor to itself, whose shape and dtype are generic
        dtypeOf(x) === 'float32' ? (directionOf(x as Tensor<Shape>, path, steps) as unknown as typeof x) : x,
      );
      const rate = rateAt(learningRate, step);
      const kept = sub(1, mul(weightDecay, rate));
      return {
        // θ ← (1 − α·λ)·θ − α·direction
        params: zipTensors([params, directions, gradients], (p, d, _) => sub(mul(kept, p), mul(rate, d))),
        state: { momentum: m },
      };
    },
  });
};

/**
 * Muon (Jordan et al. 2024): momentum whose direction is made orthogonal by Newton–Schulz steps, times √max(1,
 * outputs/inputs). For matrices `[inputs, outputs]` and kernels, taken as `[height·width·inputs, outputs]`; give other
 * parameters, and the first and last layers, to Adam by `groups`. Its state is the mean of the gradients, as
 * `momentum`. In `fit`, where parameters are stored in vectors, an update slices and concatenates the direction once;
 * the rest is as fast as Adam. Raises `ConfigError` for numbers outside their intervals, an unknown or missing field,
 * and, when traced, for a parameter of fewer than 2 axes.
 * @example
 * const { init, update } = muon({ learningRate: 0.1 })
 * const { params } = update(constantOf([3, 0, 0, 0.5], 2, 2), init(zeros(2, 2)), zeros(2, 2), scalar(0, 'int32'))
 * params // → [[-0.071, 0], [0, -0.104]]
 */
export const muon = <G = unknown>(config: Exact<G, keyof MuonConfig> & MuonConfig): Optimizer =>
  muonBy(config, orthogonalized);
