import {
  add,
  concatAll,
  dims,
  type Dim,
  div,
  dtypeOf,
  mapTensors,
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
import type { Exact } from '../../internal/exact.js';
import { orRaise, raise, showShape } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { exactly, positive } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { requireDecay } from '../../internal/requirement.js';
import { sizeOf } from '../../internal/numbers.js';
import { requireWeightDecay } from './adam.js';
import { type LearningRate, learningRateOption, rateAt, rateSettings, requireRate } from './learningRate.js';
import { type Optimizer, optimizerOf } from './optimizer.js';

export interface MuonConfig {
  readonly learningRate: LearningRate;
  /** μ, the decay of the mean of the gradients, in [0, 1); default 0.95. */
  readonly momentum?: number;
  /** Looks ahead along the mean; default true. */
  readonly nesterov?: boolean;
  /** λ: each update also subtracts learningRate·λ times each parameter; default 0. */
  readonly weightDecay?: number;
  /** The number of Newton–Schulz steps, an integer ≥ 1; default 5. */
  readonly steps?: number;
}

const muonOptions = optionsOf({
  where: 'muon',
  options: exactly(
    { learningRate: learningRateOption },
    { momentum: t.number, nesterov: t.boolean, weightDecay: t.number, steps: positive },
  ),
  hint: 'see MuonConfig for the fields and what they take',
});

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
  const { learningRate, momentum = 0.95, nesterov = true, weightDecay = 0, steps = 5 } = orRaise(muonOptions(config));
  requireRate('muon.learningRate', learningRate);
  requireDecay('muon.momentum', momentum);
  requireWeightDecay('muon.weightDecay', weightDecay);
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
