import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { hinted, refined, share } from '../../internal/decode.js';
import { transition } from '../channels/channel.js';
import { isData } from '../channels/level.js';
import { plus, solverOf, times } from './algorithm.js';
import { type SolverFrom, withOptions } from './solverOptions.js';
import { ddimStep } from './steps.js';

const options = schema('tcd', {
  /** γ from 0, which is DDIM, to 1, which is multistep consistency sampling; 0.3 if left out. */
  gamma: optional(hinted(refined(share, 'γ from 0 to 1', share.is), '0.3 is usual'), 0.3),
});

interface TcdOptions extends OptionsOf<typeof options> {}

/**
 * Strategic stochastic sampling of a trajectory consistency model (TCD, Zheng et al. 2024, Algorithm 4): each step follows the flow
 * to the time (1 - γ)·s below its end s, rounded down to a timestep of a schedule, then adds noise up to s. The step to the
 * data follows the flow.
 *
 * @param options - `gamma`: γ from 0 to 1, 0.3 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(scaledLinear(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: lcmGrid(4), solver: tcd({ gamma: 0.3 }) })).stochastic // → true
 */
export const tcd: SolverFrom<TcdOptions> = withOptions(options, ({ gamma }) => ({
  needsEnd: true,
  ...solverOf(({ x, D, noise, path: { list, levelAt } }, from, to) => {
    const { x0 } = D(x, from);
    if (isData(to) || gamma === 0) return ddimStep(x, x0, from, to);
    const time = (1 - gamma) * to.t;
    const below = levelAt(list ? Math.floor(time) : time);
    const { alpha, sigma } = transition(below, to);
    return plus(times(alpha, ddimStep(x, x0, from, below)), times(sigma, noise()));
  }),
}));
