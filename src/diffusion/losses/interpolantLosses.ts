/** The loss of stochastic interpolants: paths with noise around them. */
import {
  add,
  type Dim,
  type Elementwise,
  fork,
  meanPerSample,
  normalLike,
  scaleBy,
  type Shape,
  square,
  sub,
  type Tensor,
} from '../../dsl/index.js';
import { functionOf, hinted } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import { argument } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { overNoising } from '../denoisers/overNoising.js';
import { slopeOf } from '../paths/curvePath.js';
import type { Noising } from '../paths/noising.js';
import { noisedBatch, targetOf } from './loss.js';
import { type LossInputs, type LossOptions, requiredKey } from './lossInputs.js';
import { type Objective, objective } from './objective.js';
import { digestOf } from './weighting.js';

const gammaOf = argument(
  'interpolantLosses: gamma',
  hinted(functionOf<Elementwise>('a deviation at each time'), 'such as (t) => fullLike(t, 0.1)'),
);

/**
 * The squared error of the velocity on a path with further noise z around it, drawn from the fork 'around' of the key:
 * x_t = α·x₀ + σ·ε + γ(t)·z with the velocity α̇·x₀ + σ̇·ε + γ̇(t)·z. Stochastic interpolants (Albergo et al. 2023, eq. 2.1). A constant γ
 * is conditional flow matching with that σ, and σ·√(t(1 - t)) the loss of a Schrödinger bridge (Tong et al. 2024). Makes an `Objective`,
 * which raises `ConfigError` for a denoiser that does not predict the velocity.
 *
 * @param gamma - γ(t) of times `[B]`, differentiable
 * @example
 * const still: Denoiser<null, [2]> = { predicts: 'velocity', apply: (_, x) => zerosLike(x) }
 * const lossesOf = interpolantLosses((t) => fullLike(t, 0.1))(rectifiedFlow(), still)
 * const ends = { x0: ones(1, 2), noise: zeros(1, 2), t: fullOf(0.5, 1) } // the velocity is ε - x₀ = -1, and γ̇ = 0
 * const losses = program('key', (k) => lossesOf(null, { ...ends, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, {})(key(7))) // → [1]
 */
export const interpolantLosses = (gamma: Elementwise): Objective => {
  gammaOf.demand(gamma);
  return objective<LossOptions>(
    'interpolantLosses',
    <P, I extends Shape>(noising: Noising, denoiser: Denoiser<P, I>, options?: LossOptions) => {
      if (denoiser.predicts !== 'velocity')
        raise('ConfigError', {
          where: 'interpolantLosses',
          expected: 'a denoiser of the velocity, which has a target on a path with noise around it',
          actual: `one that predicts '${denoiser.predicts}'`,
          hint: "make the model with predicts: 'velocity'",
        });
      const noised = noisedBatch(noising, denoiser, options);
      const { apply: u } = overNoising(noising)(denoiser);
      const velocity = targetOf(noising, 'velocity');
      const gammaDot = slopeOf(gamma);
      return <B extends Dim>(params: P, inputs: LossInputs<B, I>) => {
        const { xt, noise, at } = noised(inputs); // α·x₀ + σ·ε
        const z = normalLike(fork(requiredKey(inputs.key, 'noise'), 'around').around, xt);
        const t = at.t as Tensor<[B]>; // a velocity has continuous times
        const x = add(xt, scaleBy(z, gamma(t)));
        const y = add(velocity(at.t)(inputs.x0, noise), scaleBy(z, gammaDot(t)));
        return { losses: meanPerSample(square(sub(u(params, x, at), y))), t: at.t };
      };
    },
    { settings: { gamma: digestOf(gamma, 0, 1) } },
  );
};
