import { oneOf } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Level } from '../channels/level.js';
import type { Path } from '../paths/path.js';
import { type Form, type Prediction, plus, solverOf, type StepParts, times } from './algorithm.js';
import { sigmaRatioBeside, orderOf, refusedSigmaRatio, type SolverFrom, withOptions } from './solverOptions.js';
import { ddimStep, evaluatesAgain, hasSignal, MAX_SIGMA_RATIO, meanStep, move, recent, weighted } from './steps.js';

/** The Adams-Bashforth weights for equal steps, for 1 to 4 ε̂. The last row is PNDM's eq. 12. */
export const ADAMS_BASHFORTH: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/** The largest factor by which σ may fall over a Runge-Kutta step, whose weights assume that the middle in t is the middle in σ. */
const MAX_FALL_HALFWAY = 4;

/** The pseudo Runge-Kutta method: PNDM (Liu et al. 2022), eq. 13. The second evaluation does not move in t. */
const rungeKutta = ({ x, D }: StepParts, own: Prediction, from: Level, half: Level, to: Level): Form => {
  const e1 = own.epsilon;
  const e2 = D(ddimStep(x, own.x0, from, half), half).epsilon;
  const e3 = D(move(x, e2, from, half), half).epsilon;
  const e4 = D(move(x, e3, from, to), to).epsilon;
  return move(x, weighted([1 / 6, 1 / 3, 1 / 3, 1 / 6], [e1, e2, e3, e4]), from, to);
};

/**
 * The level at the middle of a step, rounded as in diffusers; none for a step to the data, or over which σ falls by more than
 * `maxSigmaRatio`.
 */
const halfway = ({ list, levelAt }: Path, from: Level, to: Level, maxSigmaRatio: number): Level | null =>
  (list && from.t - to.t < 2) || !evaluatesAgain(from, to, maxSigmaRatio)
    ? null
    : levelAt(from.t - (list ? Math.floor((from.t - to.t) / 2) : (from.t - to.t) / 2));

const options = /* @__PURE__ */ schema('pndm', {
  /** The number of ε̂, 1, which is DDIM, to 4; 4 if left out. */
  order: optional(orderOf(1, 2, 3, 4), 4),
  /** 'fewer' ε̂ if left out; 'heun', a first step with the mean of ε̂ at both ends; or 'rungeKutta' (F-PNDM, Algorithm 2). */
  start: optional(oneOf('fewer', 'heun', 'rungeKutta'), 'fewer'),
  /** The most by which σ may fall in a step of this start; 4 for 'rungeKutta', 100 for 'heun' if left out, Infinity as in published code. */
  maxSigmaRatio: sigmaRatioBeside,
}).rule(({ start, maxSigmaRatio }) => refusedSigmaRatio(maxSigmaRatio, ['start', start], ['heun', 'rungeKutta']));

interface PndmOptions extends OptionsOf<typeof options> {}

/**
 * PNDM (Liu et al. 2022), the pseudo linear multistep method of its Algorithm 2 (PLMS): DDIM's step, with a mean of the last
 * ε̂ by the Adams-Bashforth weights for equal steps, including the last step, which ends at the data. For steps that are
 * equal or change smoothly it converges with order 2, as the paper states, for any number of ε̂ from two on. For other steps
 * it converges with order 1 (measured on steps that alternate by 1 : 1.7): use {@link lms}, which has weights for the actual
 * step lengths.
 *
 * It begins with fewer ε̂, as IPNDM does; with a first step of two evaluations, which repeats the step with the mean of ε̂ at both
 * ends, as PLMS of latent diffusion; or with the paper's pseudo Runge-Kutta method, which takes four evaluations for each of the
 * first `order - 1` steps, at the timesteps of the grid and halfway between. A step without a timestep at its middle is a plain
 * multistep step, and so is a step over which σ falls by more than `maxSigmaRatio`: fourfold if left out, or 100-fold for 'heun'.
 *
 * @param options - `order`: the number of ε̂, 1 (which is DDIM) to 4; 4 if left out. For any other, the sampler returns a
 *   `ConfigError`. `start`: 'fewer' ε̂ if left out, 'heun', or 'rungeKutta' (F-PNDM, Algorithm 2). `maxSigmaRatio`: the most by which σ may
 *   fall in a step of this start; 4 for 'rungeKutta' and 100 for 'heun' if left out, Infinity as in published code
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: leading(20), solver: pndm() }))
 * result.memory // → 3
 */
export const pndm: SolverFrom<PndmOptions> = withOptions(options, ({ order, start, maxSigmaRatio }) =>
  solverOf((parts, from, to) => {
    const { x, D, past, path, index } = parts;
    const own = D(x, from);
    const halfwayTo = start === 'rungeKutta' && index < order - 1;
    const half = halfwayTo ? halfway(path, from, to, maxSigmaRatio ?? MAX_FALL_HALFWAY) : null;
    if (half) return rungeKutta(parts, own, from, half, to);
    const predictions = recent(own, past, to, order, hasSignal);
    const next = meanStep(predictions, ADAMS_BASHFORTH[predictions.length - 1]!, from, to); // eq. 12
    const repeats =
      start === 'heun' && index === 0 && order > 1 && evaluatesAgain(from, to, maxSigmaRatio ?? MAX_SIGMA_RATIO);
    return repeats ? move(x, times(1 / 2, plus(own.epsilon, D(next, to).epsilon)), from, to) : next;
  }),
);
