import type { NoisefoldError } from '../../internal/errors.js';
import type { Shape, Tensor } from '../../dsl/graph/tensor.js';
import type { either } from '../../internal/fp.js';
import type { Channel } from '../schedules/channel.js';
import type { LearnedVariance } from '../denoiser/denoiser.js';
import type { Leg } from '../grids/leg.js';
import type { Levels, Process } from '../process/process.js';

/** A sample in progress: x_t, and the tensors that the solver keeps from earlier steps, of the shape of x. */
export interface SampleState<S extends Shape> {
  readonly x: Tensor<S>;
  readonly memory: readonly Tensor<S>[];
}

/** The result of a step: the next state, and the x̂₀ that it used; the first, if it evaluates more than once. */
export interface SampleStep<S extends Shape> {
  readonly state: SampleState<S>;
  readonly x0: Tensor<S>;
}

/** The inputs of a step. */
export interface Moment<S extends Shape> {
  /**
   * The index of the leg in the path, 0 at the noisiest. Look up the coefficients of a leg by it: `entryAt(numbers)(index)`
   * is entry `index` of an array with one number for each leg.
   */
  readonly index: Tensor<[], 'int32'>;
  /** The timestep of the process at which the leg begins. */
  readonly t: Tensor<[], 'int32'>;
  /**
   * The timestep at which the leg ends, for a second evaluation. The last leg ends at the data, which have no timestep: there
   * `next` is `t`, and the evaluation must have weight 0.
   */
  readonly next: Tensor<[], 'int32'>;
  /** x̂₀ at a timestep of the process, guided and corrected: one evaluation of the denoiser. */
  readonly predict: (x: Tensor<S>, t: Tensor<[], 'int32'>) => Tensor<S>;
  /** x̂₀, guided but not corrected; `predict` if left out. Shares the evaluation with `predict` of the same x and t. */
  readonly uncorrected?: (x: Tensor<S>, t: Tensor<[], 'int32'>) => Tensor<S>;
  /**
   * The learned variance, if the denoiser learns one: `variance` is its output at a timestep, `as` the meaning of the output.
   * Shares the evaluation with `predict` of the same x and t, unless that is guided.
   */
  readonly learned?: Pick<LearnedVariance<never, S>, 'as'> & {
    readonly variance: (x: Tensor<S>, t: Tensor<[], 'int32'>) => Tensor<S>;
  };
  /**
   * s·∇ log p(y|x_t) of a denoiser that is guided on the mean, from x_t, its timestep and the mean of the step. The step
   * moves its mean by Σ times this.
   */
  readonly meanGradient?: (x: Tensor<S>, t: Tensor<[], 'int32'>, mean: Tensor<S>) => Tensor<S>;
  /** Draws ε ~ N(0, I) of the shape of x. Different names give independent draws; use each name once. */
  readonly noise: (name: string) => Tensor<S>;
}

/**
 * A solver on one path. `linearIntegrator` makes one from a table of coefficients.
 * @example
 * const [ofX, ofX0] = [entryAt([0.5, 0]), entryAt([0.5, 1])] // one coefficient for each of two legs
 * const steps: Integrator = {
 *   memory: 0,
 *   stochastic: false,
 *   step: ({ x, memory }, { index, t, predict }) => {
 *     const x0 = predict(x, t)
 *     return { state: { x: add(mul(x, ofX(index)), mul(x0, ofX0(index))), memory }, x0 }
 *   },
 * }
 * steps.memory // → 0
 */
export interface Integrator {
  /** The number of tensors that the state keeps besides x. They begin as zeros. */
  readonly memory: number;
  /** True if a step draws noise. */
  readonly stochastic: boolean;
  /** True if its steps use {@link Moment.meanGradient}. False if left out. */
  readonly guidesMean?: boolean;
  /** The step from x_t to x_s. The graph is the same for every index. */
  readonly step: <S extends Shape>(state: SampleState<S>, moment: Moment<S>) => SampleStep<S>;
}

/** A numerical method for the reverse process: makes the steps from each timestep of a grid to the next. */
export interface Solver {
  /**
   * The process on which it steps, from that of the sampler and the falling timesteps of a grid: it may change the noise levels
   * of these timesteps, and the timesteps that the denoiser gets for them. The same process if left out.
   */
  readonly processFor?: (process: Process, timesteps: readonly number[]) => Process;
  /** The legs of the path for the falling timesteps of a grid; {@link legsOf} if left out. */
  readonly path?: (process: Levels, timesteps: readonly number[]) => readonly Leg[];
  /**
   * Computes the tables of coefficients of a path, once, on the host. `levels` is q(x_t|x_0) at every timestep of the
   * process, for solvers that also evaluate at timesteps off the path.
   */
  readonly integrate: (legs: readonly Leg[], levels: readonly Channel[]) => either.Either<NoisefoldError, Integrator>;
}
