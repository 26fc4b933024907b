import {
  add,
  type Dim,
  dims,
  div,
  type Grads,
  matmul,
  mul,
  reshape,
  type Shape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  zipTensors,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { decay, positive } from '../../internal/decode.js';
import { raise, showShape } from '../../internal/errors.js';
import { t } from '../../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { sizeOf } from '../../internal/numbers.js';
import { weightDecay } from './adam.js';
import { learningRate, rateAt, rateSettings } from './learningRate.js';
import { type Optimizer, optimizerOf } from './optimizer.js';
import { inVectors, mapParameters, type OfParameter } from './parameters.js';

const muonOptions = schema('muon', {
  /** α, the learning rate: a number, or a function of the step. */
  learningRate,
  /** μ, the decay of the mean of the gradients, in [0, 1); default 0.95. */
  momentum: optional(decay, 0.95),
  /** True for Nesterov momentum; default true. */
  nesterov: optional(t.boolean, true),
  /** λ: each update also subtracts learningRate·λ times each parameter; default 0. */
  weightDecay: optional(weightDecay, 0),
  /** The number of Newton–Schulz steps, an integer ≥ 1; default 5. */
  steps: optional(positive, 5),
});

/** The options of {@link muon}. */
export interface MuonConfig extends OptionsOf<typeof muonOptions> {}

type Matrix = Tensor<[Dim, Dim]>;
const transposed = (x: Matrix): Matrix => transpose(x, 1, 0);

/**
 * Approximates U·Vᵀ for G = U·Σ·Vᵀ by Newton–Schulz steps: each maps the singular values by aσ + bσ³ + cσ⁵. The slope of this
 * polynomial at 0 is so steep that five steps bring all σ of [0.005, 1] into [0.68, 1.16]; more steps do not converge to 1. Jordan
 * et al. 2024.
 */
const newtonSchulz = (G: Matrix, steps: number): Matrix => {
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  const [rows, columns] = dims(G);
  const isTall = rows > columns; // then X is Gᵀ, because X·Xᵀ is smaller
  const normalized = div(G, add(sqrt(sum(square(G))), 1e-7));
  let X = isTall ? transposed(normalized) : normalized;
  for (let i = 0; i < steps; i++) {
    const A = matmul(X, transposed(X));
    const B = add(mul(b, A), mul(c, matmul(A, A)));
    X = add(mul(a, X), matmul(B, X));
  }
  return isTall ? transposed(X) : X;
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
  const scale = Math.sqrt(Math.max(1, outputs / inputs)); // √max(1, rows/columns) in the paper, where rows are outputs
  return reshape(mul(direction, scale), ...shape) as Tensor<Shape>;
};

/** Muon with a function that gives the direction of each tensor. */
const muonBy = (options: FilledOf<typeof muonOptions>, directionOf: OfParameter): Optimizer => {
  const { learningRate, momentum, nesterov, weightDecay, steps } = options;
  /** μ·m + (1 − μ)·g. The paper adds g unscaled, but Newton–Schulz divides by the scale. */
  const mean = <P>(m: P, gradients: Grads<P>): P =>
    zipTensors([m, gradients], (m, g) => add(mul(momentum, m), mul(1 - momentum, g)));
  return optimizerOf({
    learningRate,
    settings: { muon: { learningRate: rateSettings(learningRate), momentum, nesterov, weightDecay, steps } },
    moments: ['momentum'],
    // `fit` packs parameters into vectors: slices each parameter, and puts its direction back
    over: (leaves) => muonBy(options, inVectors(leaves, directionOf)),
    update: (gradients, { momentum: m0 }, params, step) => {
      const m = mean(m0, gradients);
      const directions = mapParameters(nesterov ? mean(m, gradients) : m, directionOf);
      const rate = rateAt(learningRate, step);
      const factor = sub(1, mul(weightDecay, rate));
      // θ ← (1 − α·λ)·θ − α·direction; a parameter without a gradient stays
      const next = zipTensors([params, directions, gradients], (theta, direction) =>
        sub(mul(factor, theta), mul(rate, direction)),
      );
      return { params: next, state: { momentum: m } };
    },
  });
};

/**
 * Muon (Jordan et al. 2024): momentum whose direction is made orthogonal by Newton–Schulz steps, times √max(1,
 * outputs/inputs). For matrices `[inputs, outputs]` and kernels, taken as `[height·width·inputs, outputs]`; give other
 * parameters, and the first and last layers, to Adam by `groups`. Its state is the mean of the gradients, as
 * `momentum`. In `fit`, which packs parameters into vectors, an update slices and concatenates the direction once; the
 * rest is as fast as Adam. Raises `ConfigError` for numbers outside their intervals, an unknown or missing field,
 * and, when traced, for a parameter of fewer than 2 axes.
 * @example
 * const { init, update } = muon({ learningRate: 0.1 })
 * const { params } = update(constantOf([3, 0, 0, 0.5], 2, 2), init(zeros(2, 2)), zeros(2, 2), scalar(0, 'int32'))
 * params // → [[-0.071, 0], [0, -0.104]]
 */
export const muon = <G = unknown>(config: Exact<G, keyof MuonConfig> & MuonConfig): Optimizer => {
  const options = muonOptions.demand(config);
  return muonBy(options, (g, path) => orthogonalized(g, path, options.steps));
};
