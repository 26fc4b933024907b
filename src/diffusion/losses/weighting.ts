import type { Exact } from '../../internal/exact.js';
import { attempt, fail, type NoisefoldError, orRaise } from '../../internal/errors.js';
import {
  add,
  type Dim,
  div,
  type Elementwise,
  exp,
  log,
  maximum,
  minimum,
  mul,
  onesLike,
  onHost,
  pow,
  sigmoid,
  square,
  sub,
  type Tensor,
} from '../../dsl/index.js';
import { aboveZero, amount, finite, hinted } from '../../internal/decode.js';
import { digest } from '../../internal/digest.js';
import { withName } from '../../internal/dual.js';
import { callback } from '../../internal/parts.js';
import { E, type either, F, type t } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { slopeAt } from '../denoisers/atLevel.js';
import { conversion, type Parameterization } from '../denoisers/parameterization.js';
import { type Channel, logSNR } from '../channels/channel.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { isDiscrete } from '../paths/noising.js';
import type { Path, TimeType } from '../paths/path.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { entriesAt } from '../channels/entries.js';
import type { Objective } from './objective.js';
import { requireCalled, WEIGHTING } from './requireCalled.js';

/**
 * The weight of the squared error of x̂₀ at a noise level, as a function of its log-SNR λ = log(α²/σ²): of each element of a tensor,
 * such as `(lambda) => exp(mul(lambda, 0.5))`. The squared error of every other prediction is that of x̂₀ times a factor
 * ({@link weightsOf}), so a weighting means the same for every parameterization.
 */
export type Weighting = Elementwise;

/**
 * Weight 1 for the squared error of x̂₀ at every noise level: the simple loss of a denoiser of x₀. For that of ε̂ it is 1/SNR.
 * @example onHost(uniformWeight)(2) // → 1
 */
export const uniformWeight: Weighting = (lambda) => onesLike(lambda);

/**
 * The SNR for the squared error of x̂₀, which is 1 for that of ε̂: the simple loss of a denoiser of ε (DDPM, Ho et al. 2020, eq. 14).
 * @example onHost(snrWeight)(Math.log(4)) // → 4
 */
export const snrWeight: Weighting = (lambda) => exp(lambda);

/**
 * The truncated SNR, max(SNR, 1) for the squared error of x̂₀, which weighs noise too: Salimans & Ho 2022, eq. 9.
 * @example
 * onHost(truncatedSnrWeight)(Math.log(4)) // → 4
 * onHost(truncatedSnrWeight)(Math.log(0.25)) // → 1
 */
export const truncatedSnrWeight: Weighting = (lambda) => maximum(exp(lambda), 1);

const gammaOf = argument('minSnrWeight: γ', hinted(aboveZero, 'the paper uses 5'));

/**
 * Min-SNR-γ, min(SNR, γ) for the squared error of x̂₀: Hang et al. 2023, section 3.4. For that of ε̂ it is min(SNR, γ)/SNR, for that
 * of v̂ min(SNR, γ)/(SNR + 1).
 *
 * @param gamma - 5 if left out, as in the paper
 * @example
 * onHost(minSnrWeight())(Math.log(4)) // → 4
 * onHost(minSnrWeight())(Math.log(40)) // → 5
 */
export const minSnrWeight = (gamma = 5): Weighting => {
  requireCalled(WEIGHTING, 'minSnrWeight()', gamma);
  const most = gammaOf.demand(gamma);
  return (lambda) => minimum(exp(lambda), most);
};

const p2Options = schema('p2Weight', {
  /** γ, 0 or more; 1 if left out. */
  gamma: optional(hinted(amount, '1 is usual'), 1),
  /** k, above 0; 1 if left out. */
  k: optional(hinted(aboveZero, '1 is usual'), 1),
});

interface P2Options extends OptionsOf<typeof p2Options> {}

/**
 * P2, SNR/(k + SNR)^γ for the squared error of x̂₀, which is the paper's 1/(k + SNR)^γ for that of ε̂: Choi et al. 2022, eq. 8. γ = 0
 * is {@link snrWeight}.
 * @example onHost(p2Weight({ gamma: 1, k: 1 }))(Math.log(4)) // → 0.8
 */
export const p2Weight = <G = unknown>(options?: Exact<G, keyof P2Options> & P2Options): Weighting => {
  requireCalled(WEIGHTING, 'p2Weight()', options);
  const { gamma, k } = p2Options.demand(options);
  return (lambda) => {
    const snr = exp(lambda);
    return div(snr, pow(add(snr, k), gamma));
  };
};

const sigmaDataOf = argument('edmWeight: σ_data', hinted(aboveZero, 'the paper uses 0.5'));

/**
 * The weight of EDM for the squared error of x̂₀, (σ² + σ_data²)/(σ·σ_data)² with σ² = 1/SNR, which is SNR + 1/σ_data²: Karras et al.
 * 2022, table 1. For that of the raw network of {@link preconditioned} it is 1. For σ_data = 1 it is the simple loss of a denoiser
 * of v.
 *
 * @param sigmaData - the standard deviation of the data; 0.5 if left out, as in the paper
 * @example onHost(edmWeight(0.5))(Math.log(4)) // → 8
 */
export const edmWeight = (sigmaData = 0.5): Weighting => {
  requireCalled(WEIGHTING, 'edmWeight()', sigmaData);
  const sigma = sigmaDataOf.demand(sigmaData);
  return (lambda) => add(exp(lambda), 1 / sigma ** 2);
};

const biasOf = argument(
  'sigmoidWeight: bias',
  hinted(finite, 'give the log-SNR above which details count less, such as -1'),
);

/**
 * The sigmoid weight, sigmoid(b - λ) for the squared error of ε̂, which is e^λ·sigmoid(b - λ) = e^b·sigmoid(λ - b) for that of x̂₀:
 * Kingma & Gao 2023, and Hoogeboom et al. 2024 (SiD2). Far above λ = b it is {@link uniformWeight} times e^b, far below it is
 * {@link snrWeight}. The papers integrate over λ, and losses over the times that are drawn.
 *
 * @param bias - b, a log-SNR; the lower, the less weight for details
 * @example
 * onHost(sigmoidWeight(0))(0) // → 0.5
 * onHost(sigmoidWeight(-1))(9) // → Math.exp(-1)
 */
export const sigmoidWeight = (bias: number): Weighting => {
  requireCalled(WEIGHTING, 'sigmoidWeight(-1)', bias);
  const b = biasOf.demand(bias);
  return (lambda) => mul(sigmoid(sub(lambda, b)), Math.exp(b));
};

/** The meaning of losses: the squared error of a prediction, or that of x̂₀ with a weighting. */
type Weighed = Parameterization | Weighting;

/**
 * The factors that give losses a weighting, for each t of a process, in float64: w(λ_t)/(∂prediction/∂x̂₀)² for the squared error of
 * a prediction, and w(λ_t)/w'(λ_t) for losses with the weighting w', such as `boundLosses`. Returns a `ConfigError` for factors that
 * are negative or not finite, such as that of ε without signal.
 *
 * @param of - the prediction, or the weighting, of the losses
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.2, 0.375])))
 * // SNR is 4 and 1
 * unwrap(weightsOf('epsilon', minSnrWeight(2))(noising)) // → [0.5, 1]
 * unwrap(weightsOf('v', minSnrWeight(2))(noising)) // → [0.4, 0.5]
 * unwrap(weightsOf(snrWeight, minSnrWeight(2))(noising)) // → [0.5, 1]
 */
export const weightsOf =
  (of: Weighed, weighting: Weighting) =>
  ({ marginals }: DiscreteNoising): either.Either<NoisefoldError, Float64Array> =>
    F.pipe(
      attempt(() => {
        const weightAt = onHost(weighting);
        const ownAt =
          typeof of === 'string'
            ? (marginal: Channel) => conversion('x0', of)(marginal).prediction ** 2
            : F.flow(logSNR, onHost(of));
        return Float64Array.from(marginals, (marginal) => weightAt(logSNR(marginal)) / ownAt(marginal));
      }),
      E.flatMap((weights) => {
        const wrong = weights.findIndex((weight) => !(Number.isFinite(weight) && weight >= 0));
        const isPrediction = typeof of === 'string';
        return wrong === -1
          ? E.right(weights)
          : fail('ConfigError', {
              where: 'weightsOf',
              expected: `finite weights of 0 or more${isPrediction ? `, for a denoiser of ${of}` : ''}`,
              actual: `${weights[wrong]} at t = ${wrong}`,
              hint: isPrediction ? 'where no signal is left, predict v or x0' : 'leave some signal at every timestep',
            });
      }),
    );

/** The factors of {@link weightsOf} at times of a continuous path, in a program. */
const weightsAlong =
  (of: Weighed, weighting: Weighting) =>
  ({ levels }: Path) =>
  <B extends Dim>(t: Tensor<[B], TimeType>): Tensor<[B]> => {
    const level = levels(t);
    const lambda = mul(log(div(level.alpha, level.sigma)), 2);
    const weight = weighting(lambda);
    return typeof of === 'string' ? mul(weight, square(slopeAt(of, level))) : div(weight, of(lambda));
  };

const tableAt =
  (weights: Float64Array) =>
  <B extends Dim>(t: Tensor<[B], TimeType>): Tensor<[B]> =>
    entriesAt(weights)(wholeTimesteps(t));

/** Identifies a function of numbers without a name, by all digits of 81 values: of a weighting for λ from -20 to 20. */
export const digestOf = (f: Elementwise, from = -20, to = 20): string => {
  const at = onHost(f);
  return digest(Array.from({ length: 81 }, (_, i) => at(from + ((to - from) * i) / 80)).join());
};

/** A weighting as an option. */
export const weightingPart = callback(
  'a weighting, which is a function of the log-SNR',
  'give snrWeight, minSnrWeight(), or your own',
) as t.Type<Weighting>; // a codec cannot check more of a function
const weightingOf = argument('weightedBy', weightingPart);

/**
 * Gives a weighting to the losses of an objective, which are the squared errors of predictions, as of `simpleLosses`, or have a
 * `weighting` already: multiplies them by the factors of {@link weightsOf}. Of `boundLosses` on a continuous path this is the
 * weighted integral over λ of Kingma & Gao 2023, eq. 5. Raises the `ConfigError` of {@link weightsOf}.
 * @example
 * const minSnrLosses = weightedBy(minSnrWeight(2))(simpleLosses)
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.2, 0.375]))) // SNR is 4 and 1
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => minSnrLosses(noising, white)(null, { x0, key: k }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 3 })({ x0: new Float32Array(3), k: key(7) })) // → { losses: [2, 1, 2], t: [0, 1, 0] }
 */
export const weightedBy = (weighting: Weighting): ((objective: Objective) => Objective) => {
  weightingOf.demand(weighting);
  const digested = digestOf(weighting);
  return (objective) => {
    const { name, settings, weighting: own, teacher, target, estimatesEnd } = objective;
    const weighted: Objective = (noising, denoiser, options) => {
      const losses = objective(noising, denoiser, options);
      const of = own ?? denoiser.predicts;
      const weightsAt = isDiscrete(noising)
        ? tableAt(orRaise(weightsOf(of, weighting)(noising)))
        : weightsAlong(of, weighting)(noising);
      return (params, inputs) => {
        const result = losses(params, inputs);
        return { ...result, losses: mul(result.losses, weightsAt(result.t)) };
      };
    };
    return Object.assign(withName(`${name} weighted by ${digested}`, weighted), {
      weighting,
      ...(settings !== undefined && { settings }),
      ...(teacher && { teacher }),
      ...(target && { target }),
      ...(estimatesEnd !== undefined && { estimatesEnd }),
    });
  };
};
