import {
  and,
  type Dim,
  div,
  exp,
  greaterEqual,
  lessEqual,
  mean,
  mul,
  sub,
  type Tensor,
  where,
  zerosLike,
} from '../../dsl/index.js';
import { aboveZero, hinted } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { logSigmaRate } from '../denoisers/atLevel.js';
import { perSample } from '../channels/batch.js';
import { sigmaOf } from '../channels/channel.js';
import { type Noising, requirePath } from '../paths/noising.js';
import type { ContinuousNoising, NoiseLevel } from '../paths/path.js';
import { EDM_RANGE } from '../schedules/spacedSigmas.js';
import type { AdaptiveDraw } from './adaptiveDraw.js';
import { DRAW, requireCalled } from './requireCalled.js';
import { strata, withDensity } from './timeDraw.js';

const HINT = '0.002 and 80 are the ends of EDM';

/** The density of times with ln σ uniform over an interval of this width, for times in the interval. */
const densityInside = <B extends Dim>(level: NoiseLevel<B>, width: number): Tensor<[B]> =>
  mul(logSigmaRate(level), 1 / width);

const range = /* @__PURE__ */ schema('logSNRTimes', {
  /** The least σ/α, above 0; 0.002 if left out. */
  min: optional(hinted(aboveZero, HINT), EDM_RANGE.min),
  /** The greatest σ/α; 80 if left out. */
  max: optional(hinted(aboveZero, HINT), EDM_RANGE.max),
}).rule(({ min, max }) =>
  min < max ? null : { field: 'min', expected: 'min < max', actual: `min = ${min}, max = ${max}`, hint: HINT },
);

interface Range extends OptionsOf<typeof range> {}

/** The continuous path of a noising. Raises `ConfigError` for a schedule, and for a path that ends below `max`. */
const reaching = (noising: Noising, max: number): ContinuousNoising => {
  const about = { expected: 'a continuous path', hint: 'take importanceTimesteps()' };
  const path = requirePath('logSNRTimes', noising, about);
  const { last, levelAt } = path;
  const end = last === Infinity ? last : sigmaOf(levelAt(last));
  return end >= max
    ? path
    : raise('ConfigError', {
        where: 'logSNRTimes.max',
        expected: `a σ up to ${end}, the end of the path`,
        actual: `${max}`,
        hint: 'give { max }, or take another path: the bound depends only on the ends',
      });
};

/**
 * Draws times whose log-SNR is uniform between two noise levels, stratified over the batch, and weights losses by 1/p(t), so that
 * their mean is that of uniform times between these levels. For `boundLosses` the weights make ½·(λ_max - λ_min)·‖ε - ε̂‖², which
 * varies far less near the ends of a path: Variational Diffusion Models (Kingma et al. 2021), section 5.1 and appendix I.1. On a
 * path of σ the mean is the integral over σ. Raises `ConfigError` for a schedule, a path that ends below `max`, and invalid options.
 *
 * @param options - `min` and `max`: the noise σ/α of the ends; 0.002 and 80 if left out
 * @example
 * const { draw, mean } = logSNRTimes({ min: 0.1, max: 10 })
 * const flow = rectifiedFlow()
 * const times = program({ k: 'key' }, ({ k }) => draw({})(flow)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(times, {})({ k: key(7) })) // → [0.132, 0.828, 0.604, 0.325]
 * // p(t) is 1/(t·(1 - t)) over its integral, ln(10/0.1)
 * mean({}, flow)({ losses: ones(1), t: constantOf([0.5], 1) }) // → 0.25 * Math.log(100)
 */
export const logSNRTimes = <G = unknown>(options?: Exact<G, keyof Range> & Range): AdaptiveDraw => {
  requireCalled(DRAW, 'logSNRTimes()', options);
  const { min, max } = range.demand(options);
  const width = Math.log(max / min);
  return {
    name: `logSNRTimes of ${min} to ${max}`,
    memory: (noising) => {
      reaching(noising, max);
      return {};
    },
    draw: () =>
      withDensity(
        (noising) => (t) => {
          const level = reaching(noising, max).levels(t);
          const sigma = div(level.sigma, level.alpha);
          const isInside = and(greaterEqual(sigma, min), lessEqual(sigma, max));
          return where(isInside, densityInside(level, width), zerosLike(sigma));
        },
        (noising) => {
          const { timesOfSigmas, inside } = reaching(noising, max);
          const end = Math.log(max);
          return (batch) => (key) => inside(timesOfSigmas(exp(sub(end, mul(strata(perSample(batch))(key), width)))));
        },
      ),
    mean:
      (_, noising) =>
      ({ losses, t }) => {
        // does not test the ends of the interval, because a drawn time may be outside by rounding
        return mean(div(losses, densityInside(reaching(noising, max).levels(t), width)));
      },
    record: (memory) => () => memory,
  };
};
