/** MeanFlow (Geng et al. 2025): the mean velocity of a flow between two times, with which one step reaches the end of the flow. */
import {
  add,
  fork,
  jvp,
  less,
  maximum,
  minimum,
  mul,
  onesLike,
  pow,
  reciprocal,
  scaleBy,
  square,
  stopGradient,
  sub,
  sumPerSample,
  uniformLike,
  where,
  zerosLike,
} from '../../dsl/index.js';
import { asTangent } from '../../dsl/transforms/grads.js';
import { aboveZero, amount, hinted, share as shareType } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { targetAt } from '../denoisers/atLevel.js';
import { meanFlowStep } from '../denoisers/meanFlow.js';
import { overNoising } from '../denoisers/overNoising.js';
import { qSample } from '../paths/forward.js';
import { requirePath } from '../paths/noising.js';
import { type Objective, objective } from './objective.js';
import type { LossOptions } from './lossInputs.js';
import { noisedBatch } from './loss.js';
import { usualTimes } from './timeDraw.js';

const options = schema('meanFlowLosses', {
  /** The share of the samples with r below t; the others learn the velocity at t. 0.25 if left out. */
  share: optional(hinted(shareType, 'the paper uses 0.25'), 0.25),
  /** p of the weight (‖Δ‖² + c)^{-p}; 1 if left out. 0 is the squared error. */
  p: optional(hinted(amount, 'the paper uses 1, and 0.75 for CIFAR-10'), 1),
  /** c of the weight; 0.001 if left out. */
  c: optional(hinted(aboveZero, 'the paper uses 0.001'), 1e-3),
});

/** Options of {@link meanFlowLosses}. */
export interface MeanFlowOptions extends OptionsOf<typeof options> {}

const refuse = (field: string, expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: `meanFlowLosses: ${field}`, expected, actual, hint });

const FLOW = { expected: 'rectifiedFlow()', hint: 'train on rectifiedFlow()' };

/**
 * Losses of the mean velocity u(z_t, r, t), for a denoiser made by {@link meanFlow}: MeanFlow (Geng et al. 2025), algorithm 1. Since
 * (t - r)·u is the displacement from t to r, u = v - (t - r)·du/dt, where du/dt = v·∂u/∂z + ∂u/∂t is a derivative in forward mode
 * ({@link jvp}). The right side, with the velocity v = ε - x₀ of the sample, is the target, whose gradient stops:
 *
 *     Δ = u(z_t, r, t) - sg(v - (t - r)·du/dt), and the loss is ‖Δ‖²/sg(‖Δ‖² + c)^p
 *
 * t and r are two draws of the times of the recipe, in order; `logitNormalTimes({ mean: -0.4 })` is usual. Training needs no
 * teacher and no trained network. Makes an `Objective` for {@link rectifiedFlow}. Raises `ConfigError` for invalid options.
 * @example
 * const still: Denoiser<null, [1]> = { predicts: 'velocity', apply: (_, x) => zerosLike(x) }
 * const losses = program({ x0: 'B 1', k: 'key' }, ({ x0, k }) => {
 *   const inputs = { x0, noise: zerosLike(x0), key: k }
 *   return meanFlowLosses({ p: 0 })(rectifiedFlow(), still)(null, inputs).losses
 * })
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 2 })({ x0: Float32Array.of(1, 3), k: key(7) })) // → [1, 9]
 */
export const meanFlowLosses = <G = unknown>(
  settings?: Exact<G, keyof MeanFlowOptions> & MeanFlowOptions,
): Objective => {
  const { share, p, c } = options.demand<MeanFlowOptions>(settings);
  return objective<LossOptions>(
    'meanFlowLosses',
    (noising, denoiser, lossOptions = {}) => {
      const path = requirePath('meanFlowLosses: noising', noising, FLOW, 'rectifiedFlow'); // a path with constant velocities
      if (denoiser.predicts !== 'velocity')
        refuse(
          'denoiser',
          'a denoiser of the velocity',
          `a denoiser of ${denoiser.predicts}`,
          'wrap the network: meanFlow(network)',
        );
      const { apply } = overNoising(path)(denoiser);
      const noised = noisedBatch(path, denoiser, lossOptions);
      const times = (lossOptions.times ?? usualTimes)(path);
      return (params, inputs) => {
        const { x0, key = refuse('key', 'a key, for the second time of each sample', 'none', 'give { x0, key }') } =
          inputs;
        const { noise, at } = noised(inputs);
        const keys = fork(key, 'end', 'share');
        const other = times(x0)(keys.end) as typeof at.t; // a draw gives the type of the noising
        const t = maximum(at.t, other);
        const r = where(less(uniformLike(keys.share, t), share), minimum(at.t, other), t) as typeof t;
        const z = qSample(path)(t, noise)(x0);
        const v = targetAt('velocity', path.levels(t))(x0, noise);
        const point = { z, r, t };
        const along: typeof point = { z: v, r: zerosLike(r) as typeof r, t: onesLike(t) as typeof t };
        const mean = (q: typeof point) => apply(params, q.z, { ...at, t: q.t, step: meanFlowStep(q.t, q.r) });
        const { value: u, tangent: dudt } = jvp(mean)(point, asTangent(along));
        const target = sub(v, scaleBy(dudt, sub(t, r)));
        const squares = sumPerSample(square(sub(u, stopGradient(target))));
        return { losses: mul(squares, reciprocal(stopGradient(pow(add(squares, c), p)))), t };
      };
    },
    { settings: { share, p, c } },
  );
};
