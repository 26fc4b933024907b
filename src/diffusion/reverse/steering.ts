/** The corrected and guided x̂₀ of a denoiser. */
import { add, scaleBy } from '../../dsl/index.js';
import type { Shape } from '../../dsl/graph/tensor.js';
import type { Exact } from '../../internal/exact.js';
import { functionOf } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Correction, uncorrected } from './x0Correction.js';
import { type Denoiser, reparameterize } from '../denoiser/denoiser.js';
import { leavesSignal } from '../schedules/channel.js';
import { wholeTimesteps } from '../conditioning/networkTimesteps.js';
import type { Levels } from '../process/process.js';
import { entriesAt } from '../process/table.js';
import { demanding } from '../../internal/takes.js';
import { processWith } from '../parts.js';

const steering = schema('steered', {
  /** The correction of x̂₀, before it is guided; {@link uncorrected} if left out. */
  correction: optional(functionOf<Correction>('a correction, such as clipToImage'), uncorrected),
  /** The timesteps to check for signal; all of the process if left out. */
  timesteps: optional(t.readonlyArray(t.number, 'timesteps, in an array')),
});

/** Options of {@link steered}. */
export interface SteeredOptions extends OptionsOf<typeof steering> {}

/**
 * The x̂₀ that a step uses: the denoiser's x̂₀, corrected, then moved by the guides of the score,
 * ε̂ - √(1-ᾱ_t)·s·∇ log p(y|x_t) (Dhariwal & Nichol 2021, Algorithm 2), which is x̂₀ + (1-ᾱ_t)/√ᾱ_t·s·∇ log p(y|x_t). In
 * the published code, too, a classifier moves the clipped x̂₀, and the result is not clipped again. At a timestep without
 * signal, which contains nothing of the class, x̂₀ does not move. `t` indexes the process, as for {@link reparameterize}.
 * @example
 * const guides: Guides<null, []> = { score: (_, x) => mul(x, 3) }
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x), guides }
 * const process = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const seen = steered(process, { correction: clip(1, 2) })(black)
 * seen.apply(null, ones(2), { t: iota(2) }) // → [1 + 3 * 0.45, 1 + 3 * (0.64 / 0.6)]
 */
export const steered = demanding(
  'steered',
  { process: processWith('marginals') },
  <G = unknown>(process: Levels, options?: Exact<G, keyof SteeredOptions> & SteeredOptions) => {
    const { correction, timesteps } = steering.demand(options);
    const weights = entriesAt(
      process.marginals.map((marginal) => (leavesSignal(marginal) ? marginal.sigma ** 2 / marginal.alpha : 0)),
    );
    return <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
      const { apply, guides: { score, mean } = {}, ...rest } = reparameterize(process, 'x0', timesteps)(denoiser);
      return {
        ...rest,
        ...(mean && { guides: { mean } }),
        apply: (params, x, at) => {
          const x0 = correction(apply(params, x, at));
          return score ? add(x0, scaleBy(score(params, x, at), weights(wholeTimesteps(at.t)))) : x0;
        },
      };
    };
  },
);
