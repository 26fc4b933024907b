/** The x̂₀ of a denoiser after correction and guidance. */
import { add, type Dim, div, less, scaleBy, square, where, zerosLike } from '../../dsl/index.js';
import type { Shape, Tensor } from '../../dsl/graph/tensor.js';
import type { Exact } from '../../internal/exact.js';
import { functionOf } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { checkedCorrection, type Correction, uncorrected } from './x0Correction.js';
import type { Conditioning, Denoiser } from '../denoisers/denoiser.js';
import { reparameterizeOn } from '../denoisers/overNoising.js';
import { LEAST_SIGNAL } from '../channels/channel.js';
import { type Noising, pathOf } from '../paths/noising.js';
import type { Lookup } from '../paths/path.js';

const steering = schema('steered', {
  /** The correction of x̂₀, before it is guided; {@link uncorrected} if left out. */
  correction: optional(functionOf<Correction>('a correction, such as clipToImage'), uncorrected),
  /** The timesteps to check for signal; all of the process if left out. */
  timesteps: optional(t.readonlyArray(t.number, 'timesteps, in an array')),
});

/** Options of {@link steered}. */
export interface SteeredOptions extends OptionsOf<typeof steering> {}

/**
 * The x̂₀ that a step uses: the denoiser's x̂₀, corrected, then moved by the guides of the score, ε̂ - √(1-ᾱ_t)·s·∇ log p(y|x_t)
 * (Dhariwal & Nichol 2021, Algorithm 2), which is x̂₀ + (1-ᾱ_t)/√ᾱ_t·s·∇ log p(y|x_t). As in the published code, a classifier moves
 * the clipped x̂₀, and the result is not clipped again. At a timestep without signal x_t says nothing about the class, so x̂₀ does
 * not move. `t` indexes the process, as for {@link reparameterize}.
 * @example
 * const guides: Guides<null, []> = { score: (_, x) => mul(x, 3) }
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x), guides }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const seen = steered(noising, { correction: clip(1, 2) })(black)
 * seen.apply(null, ones(2), { t: iota(2) }) // → [1 + 3 * 0.45, 1 + 3 * (0.64 / 0.6)]
 */
export const steered = <G = unknown>(noising: Noising, options?: Exact<G, keyof SteeredOptions> & SteeredOptions) =>
  steeredOn(pathOf(noising), steering.demand(options));

/** {@link steered} on a path, with checked options. */
export const steeredOn =
  (path: Lookup, { correction: own, timesteps }: FilledOf<typeof steering>) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const correction = checkedCorrection(own);
    const {
      apply,
      unguided,
      recurrent,
      guides: { score, mean } = {},
      ...rest
    } = reparameterizeOn(path, 'x0', timesteps)(denoiser);
    const moved = <B extends Dim>(
      prediction: Tensor<[B, ...I]>,
      params: P,
      x: Tensor<[B, ...I]>,
      at: Conditioning<NoInfer<B>>,
    ): Tensor<[B, ...I]> => {
      const x0 = correction(prediction);
      if (score === undefined) return x0;
      const { alpha, sigma } = at.level ?? path.levels(at.t);
      const weight = where(less(alpha, LEAST_SIGNAL), zerosLike(alpha), div(square(sigma), alpha));
      return add(x0, scaleBy(score(params, x, at), weight as typeof alpha));
    };
    return {
      ...rest,
      ...(mean && { guides: { mean } }),
      apply: (params, x, at) => moved(apply(params, x, at), params, x, at),
      ...(unguided && { unguided: (params, x, at) => correction(unguided(params, x, at)) }),
      ...(recurrent && {
        recurrent: {
          memory: recurrent.memory,
          apply: (params, x, at, memory) => {
            const { prediction, memory: next } = recurrent.apply(params, x, at, memory);
            return { prediction: moved(prediction, params, x, at), memory: next };
          },
        },
      }),
    };
  };
