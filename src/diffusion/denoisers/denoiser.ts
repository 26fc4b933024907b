import type { Dim, Key, Shape, Tensor, TreeSpec } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { type Condition, type ConditionedOn, requireCondition } from './condition.js';
import { convertedAt } from './atLevel.js';
import { requireSignal } from './requireSignal.js';
import type { Parameterization } from './parameterization.js';
import { type Noising, pathOf, type TimeOf } from '../levels/noising.js';
import type { Lookup, NoiseLevel, TimeType } from '../levels/path.js';
import { demanding } from '../../internal/takes.js';
import { partLike } from '../../internal/parts.js';
import { denoiserPart, noisingPart, predictsPart } from '../parts.js';

/** The inputs of a denoiser besides x_t. */
export interface Conditioning<B extends Dim, D extends TimeType = TimeType> {
  /** The time of each sample, `[B]`: int32 for a timestep, counted from 0, else float32. */
  readonly t: Tensor<[B], D>;
  /** The noise level of each sample. Losses and samplers give it; a network needs only t. */
  readonly level?: NoiseLevel<B>;
  /** The class of each sample, `[B]`; see {@link Denoiser.classes}. */
  readonly label?: Tensor<[B], 'int32'>;
  /** The image that conditions each sample; see {@link Denoiser.condition}. */
  readonly condition?: Condition<B>;
  /** The key of dropout layers; without it they do nothing, as in sampling. */
  readonly dropout?: Key;
}

/** The result of a denoiser that learns its variance: both `[B, ...I]`. */
export interface Outputs<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B, ...I]>;
}

/** The second result of a denoiser: the variance of its reverse steps, element by element. */
export interface LearnedVariance<P, I extends Shape> {
  /**
   * The meaning of the output: 'range', interpolation from log β̃_t at -1 to log β_t at 1 (Improved DDPM, Nichol & Dhariwal
   * 2021, eq. 15), or 'logVariance', log σ² itself.
   */
  readonly as: 'range' | 'logVariance';
  /** The prediction, equal to that of the denoiser's `apply`, and the variance, in one evaluation. Not guided. */
  readonly apply: <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>) => Outputs<B, I>;
}

/** A scaled gradient s·∇ log p(y|x_t), of the shape of x_t, from `params`, x_t of `[B, ...I]` and its conditioning. */
export type ScoreGradient<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<NoInfer<B>>,
) => Tensor<[B, ...I]>;

/** {@link ScoreGradient} for a reverse step, which also passes its mean. */
export type MeanGradient<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<NoInfer<B>>,
  mean: NoInfer<Tensor<[B, ...I]>>,
) => Tensor<[B, ...I]>;

/**
 * The gradients that guide a denoiser, one for each algorithm of Dhariwal & Nichol 2021. They do not depend on noise levels:
 * the process that the denoiser is used with weights them.
 */
export interface Guides<P, I extends Shape> {
  /** Moves ε̂, for any solver: Algorithm 2. See {@link steered}. */
  readonly score?: ScoreGradient<P, I>;
  /** Moves the mean of a reverse step, for ancestral steps: Algorithm 1. See {@link meanGuided}. */
  readonly mean?: MeanGradient<P, I>;
}

/**
 * A function that predicts the data or the noise in x_t, with parameters `P` and samples of shape `I`: a network, a closed
 * form, or a changed denoiser. Sampling and losses use this interface only.
 */
export interface Denoiser<P, I extends Shape> {
  /** The prediction of `apply`: the noise ε, the data x₀, v, the score or the velocity. */
  readonly predicts: Parameterization;
  /** The number of classes, if it has classes. Labels are 0…classes-1; the label `classes` means no class. */
  readonly classes?: number;
  /**
   * False for a network that was trained only with labels. Then it needs a label for each sample, and {@link cfg} is an
   * error. Not checked if left out.
   */
  readonly unconditional?: boolean;
  /** The images that it is conditioned on. If given, each sample needs one; if left out, none is allowed. */
  readonly condition?: ConditionedOn;
  /** The number of its timesteps, 0…timesteps-1. If left out, any timestep is valid. */
  readonly timesteps?: number;
  /**
   * True for a network of times of any size. On the timesteps of a schedule and on a path of σ it must be wrapped by
   * `preconditioned`; a flow gives it 1000·t.
   */
  readonly noiseLabels?: boolean;
  /**
   * The number that it reads as its time: `t`, the timestep of a schedule or 1000 times the time of a flow, if left out; or the
   * noise level, on any path.
   */
  readonly clock?: 'timestep' | 'level';
  /** True for a denoiser that is not defined without signal, such as one that divides x_t by α. */
  readonly needsSignal?: boolean;
  /** Maps `params`, x_t of `[B, ...I]` and its conditioning to a prediction of `[B, ...I]`. */
  readonly apply: <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>) => Tensor<[B, ...I]>;
  /** The gradients that guide it, such as those of a classifier. */
  readonly guides?: Guides<P, I>;
  /** The variance of its reverse steps, if it learns it; see {@link learningVariance}. */
  readonly learned?: LearnedVariance<P, I>;
}

/**
 * Makes a denoiser from a function with two results, prediction and variance: `apply` returns the first, `learned` both.
 * @example
 * const denoiser = learningVariance<null, [2]>({
 *   predicts: 'epsilon',
 *   as: 'range',
 *   apply: (_, x) => ({ prediction: x, variance: zerosLike(x) }),
 * })
 * denoiser.apply(null, ones(1, 2), { t: iota(1) }) // → [[1, 1]]
 * denoiser.learned!.apply(null, ones(1, 2), { t: iota(1) }).variance // → [[0, 0]]
 */
export const learningVariance = demanding(
  'learningVariance',
  { denoiser: partLike('a denoiser that learns its variance', '{ as, predicts, apply }', 'as', 'apply') },
  <P, I extends Shape>({
    as,
    apply,
    ...denoiser
  }: LearnedVariance<P, I> & Omit<Denoiser<P, I>, 'apply' | 'learned'>): Denoiser<P, I> => ({
    ...denoiser,
    apply: (params, x, at) => apply(params, x, at).prediction,
    learned: { as, apply },
  }),
);

/** A trainable denoiser: one with a specification of its parameters. */
export interface Model<P, I extends Shape> extends Denoiser<P, I> {
  readonly params: TreeSpec<P>;
  /** Initial parameters. */
  readonly init: (key: Key) => P;
}

/** A change of a denoiser's inputs and prediction. */
export interface DenoiserChange<P, Q, I extends Shape> {
  /** The parameters of the old denoiser from those of the new one. */
  readonly params: (params: Q) => P;
  /** The conditioning of the old denoiser from that of the new one; the same if left out. */
  readonly at?: <B extends Dim>(at: Conditioning<B>) => Conditioning<B>;
  /** The prediction of the new denoiser from its conditioning, x_t and the old prediction; the same if left out. */
  readonly prediction?: <B extends Dim>(
    at: Conditioning<B>,
    x: Tensor<[NoInfer<B>, ...I]>,
  ) => (prediction: Tensor<[B, ...I]>) => Tensor<[B, ...I]>;
}

/**
 * Changes a denoiser's inputs and prediction, both in `apply` and in `learned`. A learned variance stays the same.
 * @example
 * const denoiser: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => x }
 * const twice = mapDenoiser<null, object, []>({ params: () => null, prediction: () => (p) => mul(p, 2) })(denoiser)
 * twice.apply({}, ones(1), { t: iota(1) }) // → [2]
 */
export const mapDenoiser = demanding(
  'mapDenoiser',
  { change: partLike('a change of a denoiser', '{ params }', 'params') },
  <P, Q, I extends Shape>({
    params: part,
    at: inputsOf = (at) => at,
    prediction: predictionOf,
  }: DenoiserChange<P, Q, I>) =>
    ({ apply, learned, guides, ...denoiser }: Denoiser<P, I>): Denoiser<Q, I> => ({
      ...denoiser,
      ...(guides && { guides: mapGuides(guides, part, inputsOf) }),
      apply: (params, x, at) => {
        const prediction = apply(part(params), x, inputsOf(at));
        return predictionOf ? predictionOf(at, x)(prediction) : prediction;
      },
      ...(learned && {
        learned: {
          as: learned.as,
          apply: (params, x, at) => {
            const { prediction, variance } = learned.apply(part(params), x, inputsOf(at));
            return { prediction: predictionOf ? predictionOf(at, x)(prediction) : prediction, variance };
          },
        },
      }),
    }),
);

/** Changes the inputs of guides. */
const mapGuides = <P, Q, I extends Shape>(
  { score, mean }: Guides<P, I>,
  part: (params: Q) => P,
  inputsOf: <B extends Dim>(at: Conditioning<B>) => Conditioning<B>,
): Guides<Q, I> => ({
  ...(score && { score: (params, x, at) => score(part(params), x, inputsOf(at)) }),
  ...(mean && { mean: (params, x, at, of) => mean(part(params), x, inputsOf(at), of) }),
});

const same = <P>(params: P): P => params;

/** Makes a denoiser without classes ignore labels. */
export const acceptLabels = <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> =>
  denoiser.classes === undefined
    ? mapDenoiser<P, P, I>({ params: same, at: ({ label: _, ...at }) => at })(denoiser)
    : denoiser;

/**
 * Turns off the dropout of a denoiser, so that it is measured as it samples.
 * @example
 * const dropping: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   apply: (_, x, { dropout }) => (dropout === undefined ? x : zerosLike(x)),
 * }
 * const measured = program('key', (dropout) => withoutDropout(dropping).apply(null, ones(1), { t: iota(1), dropout }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(measured, {})(key(7))) // → [1]
 */
export const withoutDropout = demanding(
  'withoutDropout',
  { denoiser: denoiserPart },
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> =>
    mapDenoiser<P, P, I>({ params: same, at: ({ dropout: _, ...at }) => at })(denoiser),
);

/**
 * Converts predictions from one parameterization to another: `[B, ...I]`, with x_t of the same shape, at times `t` of the
 * noising. Raises `ConfigError` for a conversion of ε or the score to x₀ or v at a timestep without signal, and of a velocity on
 * a path without derivatives.
 *
 * @param timesteps - the timesteps to check for signal; all of a discrete noising if left out
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const toNoise = converted(noising, 'x0', 'epsilon')(iota(2), ones(2))
 * toNoise(zeros(2)) // → [1.667, 1.25]
 */
export const converted = demanding(
  'converted',
  { noising: noisingPart, from: predictsPart, to: predictsPart },
  <N extends Noising>(noising: N, from: Parameterization, to: Parameterization, timesteps?: readonly number[]) => {
    const path = pathOf(noising);
    return <B extends Dim, I extends Shape>(t: Tensor<[B], TimeOf<N>>, x: Tensor<[NoInfer<B>, ...I]>) =>
      (prediction: NoInfer<Tensor<[B, ...I]>>): Tensor<[B, ...I]> => {
        if (from === to) return prediction;
        if (to === 'x0' || to === 'v') requireSignal('denoiser', path, { predicts: from }, timesteps);
        return convertedAt(from, to, path.levels(t))(x, prediction);
      };
  },
);

/**
 * Converts a denoiser to another parameterization. Its `t` is the time of the noising. Raises the errors of {@link converted}
 * when it is applied.
 *
 * @param timesteps - the timesteps to check for signal; all of a discrete noising if left out
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const noise = reparameterize(noising, 'epsilon')(black)
 * noise.apply(null, ones(2), { t: iota(2) }) // → [1.667, 1.25]
 */
export const reparameterize = (noising: Noising, to: Parameterization, timesteps?: readonly number[]) =>
  reparameterizeOn(pathOf(noising), to, timesteps);

/** {@link reparameterize} on a path. */
export const reparameterizeOn =
  (path: Lookup, to: Parameterization, timesteps?: readonly number[]) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const { predicts } = denoiser;
    if (predicts === to) return denoiser;
    const prediction: DenoiserChange<P, P, I>['prediction'] =
      ({ t, level = path.levels(t) }, x) =>
      (from) => {
        if (to === 'x0' || to === 'v') requireSignal('denoiser', path, denoiser, timesteps);
        return convertedAt(predicts, to, level)(x, from);
      };
    return { ...mapDenoiser<P, P, I>({ params: same, prediction })(denoiser), predicts: to };
  };

/**
 * A denoiser that takes its parameters from larger ones, such as those of a guided denoiser, which include a guide's.
 * @example
 * const scaled: Denoiser<number, []> = { predicts: 'x0', apply: (p, x) => mul(x, p) }
 * const second = overParams((both: readonly [number, number]) => both[1])(scaled)
 * second.apply([2, 3], ones(1), { t: iota(1) }) // → [3]
 */
export const overParams =
  <Q, P>(part: (params: Q) => P) =>
  <I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<Q, I> =>
    mapDenoiser<P, Q, I>({ params: part })(denoiser);

/** Raises `ConfigError` if a noising has timesteps that a network does not know. */
export const requireTimestepsWithin = (where: string, { clock }: Lookup, known = Infinity): void => {
  if (clock.count > known)
    raise('ConfigError', {
      where,
      expected: `a process of at most ${known} timesteps, which it knows`,
      actual: `one of ${clock.count}`,
      hint: 'make the model with as many timesteps',
    });
};

/** Raises `ConfigError` for a network that would take the time of a path for something else. */
const requireClock = (
  { clock: { isWhole, count } }: Lookup,
  { noiseLabels = false, clock = 'timestep' }: Clocked,
): void => {
  if (noiseLabels ? isWhole || count === Infinity : clock === 'timestep' && count === Infinity)
    raise('ConfigError', {
      where: 'denoiser',
      expected: isWhole ? 'a network of timesteps' : 'a denoiser of noise levels, on a path of σ',
      actual: noiseLabels ? 'one of noise labels' : 'one of timesteps',
      hint: "wrap it: preconditioned(network, { as: 'edm', sigmaData: 0.5 })",
    });
};
type Clocked = Pick<Denoiser<never, Shape>, 'noiseLabels' | 'clock'>;

/**
 * A denoiser over a noising: takes times of the noising, and passes the network its own, which differ if the noising is respaced
 * or continuous, and the noise levels. When applied, raises `ConfigError` for timesteps that the network does not know, for a
 * network of timesteps on the path of EDM, whose time is σ, and for a condition that is missing or not expected.
 * @example
 * const clock: Denoiser<null, []> = { predicts: 'x0', apply: (_, x, { t }) => add(cast(t, 'float32'), x) }
 * const seen = (noising: Noising) => overNoising(noising)(clock).apply(null, zeros(3), { t: iota(3) })
 * seen(unwrap(respace(spaced(3))(unwrap(ddpm(cosine(1000)))))) // → [0, 500, 999]
 */
export const overNoising = demanding('overNoising', { noising: noisingPart }, (noising: Noising) =>
  overPath(pathOf(noising)),
);

/** {@link overNoising} on a path. */
export const overPath =
  (path: Lookup) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> =>
    mapDenoiser<P, P, I>({
      params: same,
      at: (at) => {
        requireClock(path, denoiser);
        if (denoiser.clock !== 'level') requireTimestepsWithin('denoiser', path, denoiser.timesteps);
        requireCondition(denoiser.condition, at.condition);
        return { ...at, t: path.clock.of(at.t), level: path.levels(at.t) };
      },
    })(denoiser);
