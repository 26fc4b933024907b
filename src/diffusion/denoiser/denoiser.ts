import { add, type Dim, type Key, raise, scaleBy, type Shape, type Tensor, type TreeSpec } from '../../dsl/index.js';
import { networkTimesteps } from '../conditioning/networkTimesteps.js';
import { type Condition, type ConditionedOn, requireCondition } from '../conditioning/condition.js';
import { requireSignal } from './requireSignal.js';
import { conversion, type Parameterization } from './parameterization.js';
import type { Process } from '../process/process.js';
import { column, entriesAt } from '../process/table.js';

/** What a denoiser is told beside x_t. */
export interface Conditioning<B extends Dim> {
  /** The timestep of each sample, `[B]`, counted from 0. */
  readonly t: Tensor<[B], 'int32'>;
  /** The class of each sample, `[B]`; see {@link Denoiser.classes}. */
  readonly label?: Tensor<[B], 'int32'>;
  /** The image that each sample is to go with; see {@link Denoiser.condition}. */
  readonly condition?: Condition<B>;
  /** Randomness for dropout layers; without it they do nothing, as at sampling. */
  readonly dropout?: Key;
}

/** What a denoiser that learns its variance gives: both `[B, ...I]`. */
export interface Outputs<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B, ...I]>;
}

/** The second result of a denoiser: the variance of its reverse steps, element by element. */
export interface LearnedVariance<P, I extends Shape> {
  /**
   * What it says of σ²: 'range', a place between log β̃_t at -1 and log β_t at 1 (Improved DDPM, Nichol &
   * Dhariwal 2021, eq. 15), or 'logVariance', log σ² itself.
   */
  readonly as: 'range' | 'logVariance';
  /** The prediction, as `apply` of the denoiser itself gives it, and the variance: one evaluation. No guide moves it. */
  readonly apply: <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>) => Outputs<B, I>;
}

/** A scaled gradient s·∇ log p(y|x_t), of the shape of x_t: by `params`, x_t of `[B, ...I]` and its conditioning. */
export type ScoreGradient<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<NoInfer<B>>,
) => Tensor<[B, ...I]>;

/** The same for a reverse step, whose mean it also knows. */
export type MeanGradient<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<NoInfer<B>>,
  mean: Tensor<[NoInfer<B>, ...NoInfer<I>]>,
) => Tensor<[B, ...I]>;

/**
 * The gradients that guide a denoiser, one for each algorithm of Dhariwal & Nichol 2021. They know nothing of noise
 * levels: the process that a denoiser is used with weighs them, and its steps do.
 */
export interface Guides<P, I extends Shape> {
  /** Moves ε̂, for any solver: Algorithm 2. See {@link steered}. */
  readonly score?: ScoreGradient<P, I>;
  /** Moves the mean of a reverse step, for ancestral steps: Algorithm 1. See {@link meanGuided}. */
  readonly mean?: MeanGradient<P, I>;
}

/**
 * A function that sees the data in x_t, with parameters `P` and samples of shape `I`: a network, a closed
 * form, or another denoiser made over. Sampling and losses take nothing else.
 */
export interface Denoiser<P, I extends Shape> {
  /** What `apply` gives: the noise ε, the data x₀, the velocity v or the score. */
  readonly predicts: Parameterization;
  /** The number of classes, where there are some: labels count from 0, and `classes` itself is no class at all. */
  readonly classes?: number;
  /**
   * False for a network that was trained with labels only: it cannot be asked without one, and {@link cfg} is an error.
   * Left out, nothing is known, and nothing is checked.
   */
  readonly unconditional?: boolean;
  /** What images it is conditioned on, where it is; then it has to be given one for each sample, and never otherwise. */
  readonly condition?: ConditionedOn;
  /** The number of its timesteps, 0…timesteps-1; without it, any timestep is valid. */
  readonly timesteps?: number;
  /** True of a raw network that takes float noise labels as `t`: it is a denoiser once `preconditioned` wraps it. */
  readonly noiseLabels?: boolean;
  /** `params`, x_t of `[B, ...I]` and its conditioning to a prediction of `[B, ...I]`. */
  readonly apply: <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>) => Tensor<[B, ...I]>;
  /** The gradients that guide it, such as those of a classifier. */
  readonly guides?: Guides<P, I>;
  /** For a denoiser that learns the variance of its steps; see {@link learningVariance}. */
  readonly learned?: LearnedVariance<P, I>;
}

/**
 * A denoiser of two results, prediction and variance: `apply` is the first of them, `learned` has both.
 * @example
 * const denoiser = learningVariance<null, [2]>({
 *   predicts: 'epsilon',
 *   as: 'range',
 *   apply: (_, x) => ({ prediction: x, variance: zerosLike(x) }),
 * })
 * denoiser.apply(null, ones(1, 2), { t: iota(1) }) // → [[1, 1]]
 * denoiser.learned!.apply(null, ones(1, 2), { t: iota(1) }).variance // → [[0, 0]]
 */
export const learningVariance = <P, I extends Shape>({
  as,
  apply,
  ...denoiser
}: LearnedVariance<P, I> & Omit<Denoiser<P, I>, 'apply' | 'learned'>): Denoiser<P, I> => ({
  ...denoiser,
  apply: (params, x, at) => apply(params, x, at).prediction,
  learned: { as, apply },
});

/** A denoiser to be trained: it knows its parameters. */
export interface Model<P, I extends Shape> extends Denoiser<P, I> {
  readonly params: TreeSpec<P>;
  /** Parameters to begin with. */
  readonly init: (key: Key) => P;
}

/** What may be changed of a denoiser: what it is told, and what it says. */
export interface DenoiserChange<P, Q, I extends Shape> {
  /** Its parameters, of those of the new one. */
  readonly params: (params: Q) => P;
  /** Left out: it is told what the new one is told. */
  readonly told?: <B extends Dim>(at: Conditioning<B>) => Conditioning<B>;
  /** What the new one predicts, of its x_t, `t` and the old prediction. Left out: the same. */
  readonly said?: <B extends Dim>(
    t: Tensor<[B], 'int32'>,
    x: Tensor<[NoInfer<B>, ...I]>,
  ) => (prediction: Tensor<[B, ...I]>) => Tensor<[B, ...I]>;
}

/**
 * A denoiser made of another, whose prediction is changed wherever it is given: alone, and beside a variance that is
 * learned, which stays.
 * @example
 * const denoiser: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => x }
 * const twice = mapDenoiser<null, object, []>({ params: () => null, said: () => (p) => mul(p, 2) })(denoiser)
 * twice.apply({}, ones(1), { t: iota(1) }) // → [2]
 */
export const mapDenoiser =
  <P, Q, I extends Shape>({ params: part, told = (at) => at, said }: DenoiserChange<P, Q, I>) =>
  ({ apply, learned, guides, ...denoiser }: Denoiser<P, I>): Denoiser<Q, I> => ({
    ...denoiser,
    ...(guides && { guides: mapGuides(guides, part, told) }),
    apply: (params, x, at) => {
      const prediction = apply(part(params), x, told(at));
      return said ? said(at.t, x)(prediction) : prediction;
    },
    ...(learned && {
      learned: {
        as: learned.as,
        apply: (params, x, at) => {
          const { prediction, variance } = learned.apply(part(params), x, told(at));
          return { prediction: said ? said(at.t, x)(prediction) : prediction, variance };
        },
      },
    }),
  });

/** The guides of a denoiser that was made of another. */
const mapGuides = <P, Q, I extends Shape>(
  { score, mean }: Guides<P, I>,
  part: (params: Q) => P,
  told: <B extends Dim>(at: Conditioning<B>) => Conditioning<B>,
): Guides<Q, I> => ({
  ...(score && { score: (params, x, at) => score(part(params), x, told(at)) }),
  ...(mean && { mean: (params, x, at, of) => mean(part(params), x, told(at), of) }),
});

const same = <P>(params: P): P => params;

/** The same denoiser, which takes a label whether or not it has classes, and hears of none where it has none. */
export const acceptLabels = <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> =>
  denoiser.classes === undefined
    ? mapDenoiser<P, P, I>({ params: same, told: ({ label: _, ...at }) => at })(denoiser)
    : denoiser;

/**
 * The same denoiser, which drops nothing whatever it is told: to measure it, as it samples.
 * @example
 * const dropping: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   apply: (_, x, { dropout }) => (dropout === undefined ? x : zerosLike(x)),
 * }
 * const measured = program('key', (dropout) => withoutDropout(dropping).apply(null, ones(1), { t: iota(1), dropout }))
 * await using(reference())(evaluate(measured, {})(key(7)))() // → E.right([1])
 */
export const withoutDropout = <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> =>
  mapDenoiser<P, P, I>({ params: same, told: ({ dropout: _, ...at }) => at })(denoiser);

/**
 * From predictions of one parameterization to those of another, where `t` indexes the process: of `[B, ...I]`,
 * by x_t of the same shape. Raises `ConfigError` where no signal is left that a prediction of ε or the score could be
 * turned into data by.
 *
 * @param timesteps - at which it will be asked; all of the process if left out
 * @example
 * const process = ddpm(scheduleFromBetas([0.36, 0.4375]))
 * const toNoise = pipe(process, E.map((p) => converted(p, 'x0', 'epsilon')(iota(2), ones(2))))
 * pipe(toNoise, E.map((ofX0) => ofX0(zeros(2)))) // → E.right([1.667, 1.25])
 */
export const converted = (
  process: Process,
  from: Parameterization,
  to: Parameterization,
  timesteps?: readonly number[],
) => {
  const conversions = process.marginals.map(conversion(from, to));
  const ofX = entriesAt(column(conversions, ({ x }) => x));
  const ofPrediction = entriesAt(column(conversions, ({ prediction }) => prediction));
  return <B extends Dim, I extends Shape>(t: Tensor<[B], 'int32'>, x: Tensor<[NoInfer<B>, ...I]>) =>
    (prediction: Tensor<[NoInfer<B>, ...NoInfer<I>]>): Tensor<[B, ...I]> => {
      if (from === to) return prediction;
      if (to === 'x0' || to === 'v') requireSignal('denoiser', process, from, timesteps);
      return add(scaleBy(x, ofX(t)), scaleBy(prediction, ofPrediction(t)));
    };
};

/**
 * The same denoiser in another parameterization: from what it predicts and x_t to what was asked. Its `t`
 * indexes the process. When it is applied it raises as {@link converted}.
 *
 * @param timesteps - at which it will be asked; all of the process if left out
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const process = ddpm(scheduleFromBetas([0.36, 0.4375]))
 * const noise = pipe(process, E.map((p) => reparameterize(p, 'epsilon')(black)))
 * pipe(noise, E.map(({ apply }) => apply(null, ones(2), { t: iota(2) }))) // → E.right([1.667, 1.25])
 */
export const reparameterize =
  (process: Process, to: Parameterization, timesteps?: readonly number[]) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const { predicts } = denoiser;
    if (predicts === to) return denoiser;
    const said = converted(process, predicts, to, timesteps);
    return { ...mapDenoiser<P, P, I>({ params: same, said })(denoiser), predicts: to };
  };

/**
 * A denoiser whose parameters are a part of others: those of a guide beside it, for one.
 * @example
 * const scaled: Denoiser<number, []> = { predicts: 'x0', apply: (p, x) => mul(x, p) }
 * const second = overParams((both: readonly [number, number]) => both[1])(scaled)
 * second.apply([2, 3], ones(1), { t: iota(1) }) // → [3]
 */
export const overParams =
  <Q, P>(part: (params: Q) => P) =>
  <I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<Q, I> =>
    mapDenoiser<P, Q, I>({ params: part })(denoiser);

/** Raises where a process goes on past the timesteps that a network knows. */
export const requireTimestepsWithin = (
  where: string,
  timesteps: Int32Array,
  known = Number.POSITIVE_INFINITY,
): void => {
  const last = timesteps.reduce((a, b) => Math.max(a, b), 0);
  if (last >= known)
    raise('ConfigError', {
      where,
      expected: `a process whose timesteps it knows, 0 to ${known - 1}`,
      actual: `one that goes up to ${last}`,
      hint: 'make the model with as many `timesteps` as the process has',
    });
};

/** Raises `ConfigError` for a network of noise labels, which timesteps would be taken for. */
const rejectNoiseLabels = ({ noiseLabels = false }: Pick<Denoiser<never, Shape>, 'noiseLabels'>): void => {
  if (noiseLabels)
    raise('ConfigError', {
      where: 'denoiser',
      expected: 'a network of timesteps',
      actual: "one of noise labels, made with timesteps: 'continuous'",
      hint: "wrap it: preconditioned(process, network, { as: 'edm', sigmaData: 0.5 })",
    });
};

/**
 * A denoiser that is asked by the timesteps 0…T-1 of a process, and asks in turn by those that the network
 * knows: other ones where the process is respaced. It raises `ConfigError`, when it is applied, for a process
 * of more timesteps than it knows, and for a condition that is missing or not wanted.
 * @example
 * const clock: Denoiser<null, []> = { predicts: 'x0', apply: (_, x, { t }) => add(cast(t, 'float32'), x) }
 * const seen = (process: Process) => overProcess(process)(clock).apply(null, zeros(3), { t: iota(3) })
 * pipe(ddpm(cosine(1000)), E.flatMap(respace(spaced(3))), E.map(seen)) // → E.right([0, 500, 999])
 */
export const overProcess =
  ({ timesteps }: Process) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const toNetwork = networkTimesteps({ timesteps });
    return mapDenoiser<P, P, I>({
      params: same,
      told: (at) => {
        rejectNoiseLabels(denoiser);
        requireTimestepsWithin('denoiser', timesteps, denoiser.timesteps);
        requireCondition(denoiser.condition, at.condition);
        return { ...at, t: toNetwork(at.t) };
      },
    })(denoiser);
  };
