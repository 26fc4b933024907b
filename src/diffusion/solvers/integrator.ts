import { add, broadcastLike, exp, mul, type Shape, sub, type Tensor, zerosLike } from '../../dsl/index.js';
import type { LearnedVariance } from '../denoisers/denoiser.js';
import { type Conversion, conversion } from '../denoisers/parameterization.js';
import { entryAt } from '../levels/table.js';
import { planPart } from '../parts.js';
import { demanding } from '../../internal/takes.js';
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
  /** The x̂₀ whose noise the next x has, x - α·x̂₀; that of `predict` if left out. */
  readonly renoise?: (x: Tensor<S>) => Tensor<S>;
  /** The memory of guidance after this evaluation; none if left out. */
  readonly guidanceMemory?: (x: Tensor<S>) => readonly Tensor<S>[];
  /** The variance output, if the denoiser learns its variance; `as` is its meaning. */
  readonly learned?: Pick<LearnedVariance<never, S>, 'as'> & { readonly variance: (x: Tensor<S>) => Tensor<S> };
  /** s·∇ log p(y|x_t) of a denoiser that is guided on the mean, from x_t and the mean of the step. */
  readonly meanGradient?: (x: Tensor<S>, mean: Tensor<S>) => Tensor<S>;
  /** ε ~ N(0, I) of the shape of x. Each name gives an independent draw. */
  readonly noise: (name: NoiseName) => Tensor<S>;
}

/** The noises of a stage: the one that it adds, and that of `raise` before it. */
export type NoiseName = 'noise' | 'churn';

/** A plan as a loop: one graph for all stages, whose factors are looked up by the index of the stage. */
export interface Integrator {
  /** The number of stages of the plan. */
  readonly stages: number;
  /** The number of tensors that the state keeps besides x, before those of guidance. They begin as zeros. */
  readonly memory: number;
  /** True if a stage draws noise. */
  readonly stochastic: boolean;
  /** True if its stages use the gradient of a denoiser that is guided on the mean. */
  readonly guidesMean: boolean;
  readonly step: <S extends Shape>(state: SampleState<S>, evaluation: StageInputs<S>) => SampleStep<S>;
}

/** A stage, and what it remembers as a combination of x and x̂₀. */
interface Row extends Stage {
  readonly isFirst: boolean;
  readonly remembered: Conversion;
}

/**
 * The integrator of a plan: the only loop of all solvers.
 * @example
 * const noising = unwrap(ddpm(linear(1000)))
 * const plan = unwrap(heun().plan(levelsOf(noising, [700, 400, 100]), noising))
 * integratorOf(plan).stages // → 5
 * integratorOf(plan).stochastic // → false
 */
export const integratorOf = demanding('integratorOf', { plan: planPart }, (plan: SolverPlan): Integrator => {
  const rows = plan.flatMap(({ stages }) =>
    stages.map((stage, i): Row => {
      const remembered = conversion('x0', stage.remembers ?? 'x0')(stage.at);
      return { ...stage, isFirst: i === 0, remembered };
    }),
  );
  /** Looks up a number of the row at an index; null if it is 0 everywhere. */
  const column = (number: (row: Row) => number | undefined) => {
    const numbers = rows.map((row) => number(row) ?? 0);
    return numbers.some((n) => n !== 0) ? entryAt(numbers) : null;
  };
  type Column = ReturnType<typeof column>;
  const [ofX, ofStart, ofX0] = [column((row) => row.x), column((row) => row.start), column((row) => row.x0)];
  const reach = Math.max(...rows.map(({ memory = [] }) => 1 + memory.findLastIndex((n) => n !== 0)));
  const ofMemory = Array.from({ length: reach }, (_, k) => column((row) => row.memory?.[k]));
  const [ofUncorrected, ofUnguided] = [column((row) => row.uncorrected), column((row) => row.unguided)];
  // x·x with the noise of another x̂₀ in x: x·(α·x̂₀ + (x - α·x̂∅))
  const ofOther = column(({ x = 0, at }) => x * at.alpha);
  const ofNoise = column((row) => row.noise);
  const ofGradient = column((row) => row.gradient);
  const [firstAt, laterAt] = [column((row) => (row.isFirst ? 1 : 0)), column((row) => (row.isFirst ? 0 : 1))];
  const isRaised = rows.some(({ raise }) => raise !== undefined);
  const [ofRaised, ofChurn] = [column((row) => row.raise?.alpha ?? 1), column((row) => row.raise?.sigma)];
  const keepsX0 = rows.every(({ remembered }) => remembered.x === 0);
  const [keptOfX, keptOfX0] = [column((row) => row.remembered.x), column((row) => row.remembered.prediction)];
  const isLearned = rows.some(({ learned }) => learned !== undefined);
  const [lowAt, spreadAt] = [
    entryAt(rows.map(({ learned }) => learned?.low ?? 0)),
    entryAt(rows.map(({ learned }) => (learned ? learned.high - learned.low : 0))),
  ];
  const length = reach + (ofStart === null ? 0 : 1);
  const drawsAt = column(({ noise = 0 }) => (noise === 0 ? 0 : 1));

  const step = <S extends Shape>({ x: before, memory }: SampleState<S>, evaluation: StageInputs<S>): SampleStep<S> => {
    const { index, noise, renoise } = evaluation;
    const times = (tensor: () => Tensor<S>, factor: Column): readonly Tensor<S>[] =>
      factor === null ? [] : [mul(tensor(), factor(index))];
    const total = (terms: readonly Tensor<S>[]): Tensor<S> =>
      terms.length === 0 ? zerosLike(before) : terms.reduce((sum, term) => add(sum, term));

    const x = isRaised ? total([...times(() => before, ofRaised), ...times(() => noise('churn'), ofChurn)]) : before;
    const start = ofStart && total([...times(() => x, firstAt), ...times(() => memory[0]!, laterAt)]);
    const past = memory.slice(ofStart ? 1 : 0, length);
    const x0 = evaluation.predict(x);
    const mean = total([
      ...times(() => x, ofX),
      ...times(() => start!, ofStart),
      ...times(() => x0, ofX0),
      ...past.flatMap((prediction, k) => times(() => prediction, ofMemory[k]!)),
      ...times(() => evaluation.uncorrected(x), ofUncorrected),
      ...times(() => (evaluation.unguided ?? evaluation.predict)(x), ofUnguided),
      ...(renoise ? times(() => sub(x0, renoise(x)), ofOther) : []),
    ]);

    const each = broadcastLike(x);
    const logVariance =
      evaluation.learned && isLearned
        ? learnedLogVariance(evaluation.learned.as)(evaluation.learned.variance(x), () => ({
            low: each(lowAt(index)),
            spread: each(spreadAt(index)),
          }))
        : null;
    const { meanGradient } = evaluation;
    // Dhariwal & Nichol 2021, Algorithm 1: μ + s·Σ·∇ log p(y|x_t)
    const shift = (): Tensor<S> => meanGradient!(x, mean);
    const shifts = meanGradient === undefined ? null : ofGradient;
    const shifted = total([mean, ...(logVariance && shifts ? [mul(exp(logVariance), shift())] : times(shift, shifts))]);
    const drawn = (): Tensor<S> => noise('noise');
    const spread = logVariance
      ? times(drawn, drawsAt).map((draw) => mul(draw, standardDeviation(logVariance)))
      : times(drawn, ofNoise);

    const prediction = keepsX0 ? x0 : total([...times(() => x, keptOfX), ...times(() => x0, keptOfX0)]);
    const predictions = [prediction, ...past].slice(0, reach);
    const kept = [...(start ? [start] : []), ...predictions, ...(evaluation.guidanceMemory?.(x) ?? [])];
    return { state: { x: total([shifted, ...spread]), memory: kept }, x0 };
  };

  return {
    stages: rows.length,
    memory: length,
    stochastic: ofNoise !== null || ofChurn !== null,
    guidesMean: rows.some(({ gradient }) => gradient !== undefined),
    step,
  };
});
