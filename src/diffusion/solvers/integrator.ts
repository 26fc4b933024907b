import { add, broadcastLike, exp, mul, type Shape, sub, type Tensor, zerosLike } from '../../dsl/index.js';
import type { LearnedVariance } from '../denoisers/denoiser.js';
import { type Conversion, conversion } from '../denoisers/parameterization.js';
import { entryAt } from '../channels/entries.js';
import { learnedLogVariance, standardDeviation } from '../denoisers/learnedVariance.js';
import type { SolverPlan, Stage } from './plan.js';

/** A sample in progress: x_t, and the tensors that the solver keeps from earlier stages, of the shape of x. */
export interface SampleState<S extends Shape> {
  readonly x: Tensor<S>;
  readonly memory: readonly Tensor<S>[];
}

/** The state of a sampler that begins at x. */
export const beginAt =
  (memory: number) =>
  <S extends Shape>(x: Tensor<S>): SampleState<S> => ({
    x,
    memory: Array.from({ length: memory }, () => zerosLike(x)),
  });

/** The result of a stage: the next state, and the x̂₀ that it used. */
export interface SampleStep<S extends Shape> {
  readonly state: SampleState<S>;
  readonly x0: Tensor<S>;
}

/** The denoiser at the level of a stage. Its parts share one evaluation for the same x, unless guidance prevents it. */
export interface StageInputs<S extends Shape> {
  /** The index of the stage in the plan. */
  readonly index: Tensor<[], 'int32'>;
  /** x̂₀, guided and corrected. */
  readonly predict: (x: Tensor<S>) => Tensor<S>;
  /** x̂₀, guided but not corrected. */
  readonly uncorrected: (x: Tensor<S>) => Tensor<S>;
  /** x̂₀, corrected but not guided; `predict` if left out. */
  readonly unguided?: (x: Tensor<S>) => Tensor<S>;
  /** The x̂₀ that determines the noise x - α·x̂₀ of the next x; the result of `predict` if left out. */
  readonly renoise?: (x: Tensor<S>) => Tensor<S>;
  /** The memory of guidance after this evaluation; none if left out. */
  readonly guidanceMemory?: (x: Tensor<S>) => readonly Tensor<S>[];
  /** The variance output, if the denoiser learns its variance; `as` is its meaning. */
  readonly learned?: Pick<LearnedVariance<never, S>, 'as'> & { readonly variance: (x: Tensor<S>) => Tensor<S> };
  /** s·∇ log p(y|x_t) of a denoiser with guidance on the mean, from x_t and the mean of the step. */
  readonly meanGradient?: (x: Tensor<S>, mean: Tensor<S>) => Tensor<S>;
  /** ε ~ N(0, I) of the shape of x. Each name gives an independent draw. */
  readonly noise: (name: NoiseName) => Tensor<S>;
}

/** The noises of a stage: 'noise', which its combination adds, and 'churn', before its evaluation. */
export type NoiseName = 'noise' | 'churn';

/** A plan as a loop: one graph for all stages, whose factors are looked up by the index of the stage. */
export interface Integrator {
  /** The number of stages of the plan. */
  readonly stages: number;
  /** The number of tensors that the solver keeps in the state besides x. Tensors of guidance follow. All begin as zeros. */
  readonly memory: number;
  /** True if a stage draws noise. */
  readonly stochastic: boolean;
  /** True if a stage uses the gradient of a denoiser with guidance on the mean. */
  readonly guidesMean: boolean;
  readonly step: <S extends Shape>(state: SampleState<S>, evaluation: StageInputs<S>) => SampleStep<S>;
}

/** A stage, its place in its step, and the tensor that it remembers, as a combination of x and x̂₀. */
interface Row extends Stage {
  readonly isFirst: boolean;
  readonly remembered: Conversion;
}

const rowsOf = (plan: SolverPlan): readonly Row[] =>
  plan.flatMap(({ stages }) =>
    stages.map((stage, i): Row => {
      const remembered = conversion('x0', stage.remembers ?? 'x0')(stage.at);
      return { ...stage, isFirst: i === 0, remembered };
    }),
  );

/** The number by which each stage multiplies a tensor, as a table on the device; null if it is 0 in all stages. */
type Factor = ((index: Tensor<[], 'int32'>) => Tensor<[]>) | null;

/** The factors of a plan. Those of the mean have the names of {@link Stage}. */
const factorsOf = (rows: readonly Row[]) => {
  const factor = (number: (row: Row) => number | undefined): Factor => {
    const numbers = rows.map((row) => number(row) ?? 0);
    return numbers.some((n) => n !== 0) ? entryAt(numbers) : null;
  };
  const reach = Math.max(...rows.map(({ memory = [] }) => 1 + memory.findLastIndex((n) => n !== 0)));
  return {
    churnAlpha: rows.some(({ churn }) => churn) ? factor(({ churn }) => churn?.alpha ?? 1) : null,
    churn: factor(({ churn }) => churn?.sigma),
    isFirst: factor(({ isFirst }) => (isFirst ? 1 : 0)),
    isLater: factor(({ isFirst }) => (isFirst ? 0 : 1)),
    x: factor(({ x }) => x),
    start: factor(({ start }) => start),
    x0: factor(({ x0 }) => x0),
    memory: Array.from({ length: reach }, (_, k) => factor(({ memory }) => memory?.[k])),
    uncorrected: factor(({ uncorrected }) => uncorrected),
    unguided: factor(({ unguided }) => unguided),
    renoise: factor(({ x = 0, at }) => x * at.alpha),
    gradient: factor(({ gradient }) => gradient),
    noise: factor(({ noise }) => noise),
    isNoisy: factor(({ noise = 0 }) => (noise === 0 ? 0 : 1)),
    rememberedX: factor(({ remembered }) => remembered.x),
    rememberedX0: factor(({ remembered }) => remembered.prediction),
  };
};

/** A factor and a function that builds its tensor. The graph has the tensor only if a stage has a factor that is not 0. */
type Term<S extends Shape> = readonly [Factor, () => Tensor<S>];

/** The products factor·tensor at a stage. */
const productsAt =
  (index: Tensor<[], 'int32'>) =>
  <S extends Shape>(...terms: readonly Term<S>[]): readonly Tensor<S>[] =>
    terms.flatMap(([factor, tensor]) => (factor === null ? [] : [mul(tensor(), factor(index))]));

/** Adds tensors of the shape of x. The sum of an empty list is zeros. */
const total = <S extends Shape>(x: Tensor<S>, terms: readonly Tensor<S>[]): Tensor<S> =>
  terms.length === 0 ? zerosLike(x) : terms.reduce((sum, term) => add(sum, term));

/** log σ² of a stage, for denoisers that learn their variance; null if no stage has `learned`. */
const logVarianceOf = (rows: readonly Row[]) => {
  if (!rows.some(({ learned }) => learned)) return null;
  const low = entryAt(rows.map(({ learned }) => learned?.low ?? 0));
  const spread = entryAt(rows.map(({ learned }) => (learned ? learned.high - learned.low : 0)));
  return <S extends Shape>(
    { as, variance }: NonNullable<StageInputs<S>['learned']>,
    index: Tensor<[], 'int32'>,
    x: Tensor<S>,
  ): Tensor<S> => {
    const each = broadcastLike(x);
    return learnedLogVariance(as)(variance(x), () => ({ low: each(low(index)), spread: each(spread(index)) }));
  };
};

/**
 * Draws the next x around its mean μ, with the variance of the stage, learned or not. Dhariwal & Nichol 2021, Algorithm 1:
 * N(μ + s·Σ·∇ log p(y|x_t), Σ).
 */
const drawAround = <S extends Shape>(
  factors: ReturnType<typeof factorsOf>,
  { index, noise, meanGradient }: StageInputs<S>,
  x: Tensor<S>,
  mean: Tensor<S>,
  logVariance: Tensor<S> | null,
): Tensor<S> => {
  const products = productsAt(index);
  const epsilon = (): Tensor<S> => noise('noise');
  const gradient = meanGradient && factors.gradient && (() => meanGradient(x, mean));
  const terms = logVariance
    ? [
        ...(gradient ? [mul(exp(logVariance), gradient())] : []),
        ...products([factors.isNoisy, epsilon]).map((draw) => mul(draw, standardDeviation(logVariance))),
      ]
    : products(...(gradient ? [[factors.gradient, gradient] as const] : []), [factors.noise, epsilon]);
  return total(x, [mean, ...terms]);
};

/**
 * The integrator of a plan: the only loop of all solvers.
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * const plan = unwrap(heun().plan(levelsOf(noising, [700, 400, 100]), noising))
 * integratorOf(plan).stages // → 5
 * integratorOf(plan).stochastic // → false
 */
export const integratorOf = (plan: SolverPlan): Integrator => {
  const rows = rowsOf(plan);
  const factors = factorsOf(rows);
  const logVarianceAt = logVarianceOf(rows);
  const memories = factors.memory.length + (factors.start ? 1 : 0);

  /** x ← x·x + start·S + x0·x̂₀ + Σ_k memory[k]·E_k + uncorrected·Û + unguided·Ĝ + noise·ε: see {@link Stage}. */
  const step = <S extends Shape>({ x: before, memory }: SampleState<S>, inputs: StageInputs<S>): SampleStep<S> => {
    const { index, noise, learned, predict, uncorrected, unguided = predict, renoise, guidanceMemory } = inputs;
    const sum = (like: Tensor<S>, ...terms: readonly Term<S>[]) => total(like, productsAt(index)(...terms));
    const x = factors.churnAlpha
      ? sum(before, [factors.churnAlpha, () => before], [factors.churn, () => noise('churn')])
      : before;
    const start = factors.start ? sum(x, [factors.isFirst, () => x], [factors.isLater, () => memory[0]!]) : null;
    const past = memory.slice(start ? 1 : 0, memories);
    const x0 = predict(x);
    const mean = sum(
      x,
      [factors.x, () => x],
      [factors.start, () => start!],
      [factors.x0, () => x0],
      ...past.map((prediction, k) => [factors.memory[k]!, () => prediction] as const),
      [factors.uncorrected, () => uncorrected(x)],
      [factors.unguided, () => unguided(x)],
      // x·x with the noise of another x̂₀ in x: x·(α·x̂₀ + (x - α·x̂∅))
      ...(renoise ? [[factors.renoise, () => sub(x0, renoise(x))] as const] : []),
    );
    const logVariance = learned && logVarianceAt ? logVarianceAt(learned, index, x) : null;
    const next = drawAround(factors, inputs, x, mean, logVariance);

    const prediction = factors.rememberedX
      ? sum(x, [factors.rememberedX, () => x], [factors.rememberedX0, () => x0])
      : x0;
    const predictions = [prediction, ...past].slice(0, factors.memory.length);
    return {
      state: { x: next, memory: [...(start ? [start] : []), ...predictions, ...(guidanceMemory?.(x) ?? [])] },
      x0,
    };
  };

  return {
    stages: rows.length,
    memory: memories,
    stochastic: factors.noise !== null || factors.churn !== null,
    guidesMean: rows.some(({ gradient }) => gradient !== undefined),
    step,
  };
};
