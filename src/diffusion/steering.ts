/** What steers a denoiser beside its prediction, and what comes of both. */
import { add } from '../dsl/index.js';
import type { Shape } from '../dsl/graph/tensor.js';
import { type Correction, uncorrected } from './correction.js';
import { type Denoiser, reparameterize, type Steering } from './denoiser.js';
import type { Process } from './process.js';
import { namedFields } from '../internal/options.js';

/** Two at once: their moves are summed. */
export const bothSteerings = <P, I extends Shape>(
  one: Steering<P, I> | undefined,
  other: Steering<P, I> | undefined,
): Steering<P, I> | undefined =>
  one && other ? (params, x, at, x0) => add(one(params, x, at, x0), other(params, x, at, x0)) : (one ?? other);

/** What is done to the x̂₀ of a denoiser. */
export interface SteeredOptions {
  /** Before it is steered; {@link uncorrected} if left out. */
  readonly correction?: Correction;
  /** At which it will be asked; all of the process if left out. */
  readonly timesteps?: readonly number[];
}

const fields = namedFields('steered', {}, ['correction', 'timesteps']);

/**
 * The x̂₀ that a step is made of: what the denoiser predicts as x̂₀, corrected, then moved by what steers the denoiser. The
 * published code of classifier guidance (Dhariwal & Nichol 2021) has this order: a classifier moves what was clipped,
 * and nothing is clipped after. Its `t` indexes the process, as that of {@link reparameterize}.
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x), steering: (_, x) => mul(x, 3) }
 * const process = ddpm(cosine(10))
 * const seen = pipe(process, E.map((p) => steered(p, { correction: clip(1, 2) })(black)))
 * pipe(seen, E.map(({ apply }) => apply(null, ones(2), { t: iota(2) }))) // → E.right([4, 4])
 */
export const steered =
  (process: Process, options: SteeredOptions = {}) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const { correction = uncorrected, timesteps } = fields(options);
    const { apply, steering, ...rest } = reparameterize(process, 'x0', timesteps)(denoiser);
    return {
      ...rest,
      apply: (params, x, at) => {
        const x0 = correction(apply(params, x, at));
        return steering ? add(x0, steering(params, x, at, x0)) : x0;
      },
    };
  };
