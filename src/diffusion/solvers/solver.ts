import type { NoisefoldError } from '../../internal/errors.js';
import type { Shape, Tensor } from '../../dsl/graph/tensor.js';
import type { either } from '../../internal/fp.js';
import type { Channel } from '../schedules/channel.js';
import type { LearnedVariance } from '../denoiser/denoiser.js';
import type { Leg } from '../grids/leg.js';
import type { Levels } from '../process/process.js';

/** A sample in progress: x_t, and what the solver keeps from earlier steps, each of the shape of x. */
export interface SampleState<S extends Shape> {
  readonly x: Tensor<S>;
  readonly memory: readonly Tensor<S>[];
}

/** What a step gives: the next state, and the x̂₀ that it went by, the first where it evaluates more often. */
export interface SampleStep<S extends Shape> {
  readonly state: SampleState<S>;
  readonly x0: Tensor<S>;
}

/** What a step may use. */
export interface Moment<S extends Shape> {
  /** The place in the path, 0 at the noisiest: coefficients are gathered by it. */
  readonly index: Tensor<[], 'int32'>;
  /** The timestep of the process at which the leg begins. */
  readonly t: Tensor<[], 'int32'>;
  /**
   * The timestep at which it ends, for a second evaluation. The last leg ends at the data, which have none: there it
   * is that of the beginning, and the evaluation must not count.
   */
  readonly next: Tensor<[], 'int32'>;
  /** x̂₀ at a timestep of the process, guided and corrected: one evaluation of the denoiser. */
  readonly predict: (x: Tensor<S>, t: Tensor<[], 'int32'>) => Tensor<S>;
  /**
   * The variance that a denoiser learns, where it does: `variance` is what it says at a timestep, `as` how that is
   * meant. Of the same evaluation as `predict` of the same x and t, unless a guide moves that one.
   */
  readonly learned?: Pick<LearnedVariance<never, S>, 'as'> & {
    readonly variance: (x: Tensor<S>, t: Tensor<[], 'int32'>) => Tensor<S>;
  };
  /**
   * s·∇ log p(y|x_t) of a denoiser that is guided on the mean, by x_t, its timestep and the mean of the step: the step
   * moves its mean by Σ times this.
   */
  readonly meanGradient?: (x: Tensor<S>, t: Tensor<[], 'int32'>, mean: Tensor<S>) => Tensor<S>;
  /** ε ~ N(0, I) of the shape of x; each name is a draw of its own, to be asked for once. */
  readonly noise: (name: string) => Tensor<S>;
}

/** A solver at work on one path. */
export interface Integrator {
  /** How many tensors the state keeps beside x; they begin as zeros. */
  readonly memory: number;
  /** Whether a step draws noise. */
  readonly stochastic: boolean;
  /** True if its steps have a mean that a guide moves: see {@link Moment.meanGradient}. False if left out. */
  readonly guidesMean?: boolean;
  /** From x_t to x_s: staged, one graph for every index. */
  readonly step: <S extends Shape>(state: SampleState<S>, moment: Moment<S>) => SampleStep<S>;
}

/** A way to walk the reverse process: the step from each timestep of a grid to the next. */
export interface Solver {
  /** The stretches that it walks of a grid, falling, of a process; {@link legsOf} if left out. */
  readonly path?: (process: Levels, timesteps: readonly number[]) => readonly Leg[];
  /**
   * Mathematics on the host, done once: the path becomes tables of coefficients. `levels` is q(x_t|x_0) at every
   * timestep of the process, for solvers that evaluate at others than those of the path.
   */
  readonly integrate: (legs: readonly Leg[], levels: readonly Channel[]) => either.Either<NoisefoldError, Integrator>;
}
