/** Guidance by two predictions: toward one, and away from the other. */
import {
  type Dim,
  fullLike,
  isTensor,
  type NoisefoldError,
  type Shape,
  type Tensor,
  zerosLike,
} from '../../dsl/index.js';
import { functionOf, hinted, natural } from '../../internal/decode.js';
import { fail, raise } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { part } from '../../internal/parts.js';
import { optional, schema } from '../../internal/schema.js';
import { demanding } from '../../internal/takes.js';
import { convertedAt } from '../denoisers/atLevel.js';
import { joinConditions } from '../denoisers/condition.js';
import type { Conditioning, Denoiser, StepLevels } from '../denoisers/denoiser.js';
import { checkUnconditional, requiredLabel } from '../denoisers/labelChecks.js';
import { acceptLabels } from '../denoisers/mapDenoiser.js';
import type { Parameterization } from '../denoisers/parameterization.js';
import { joinBatches, splitBatches } from '../levels/batch.js';
import type { NoiseLevel } from '../levels/path.js';
import { predictsPart } from '../parts.js';
import type { ClassifierGuidance } from './classifierGuidance.js';
import type { ClassGuidance } from './guidance.js';

/** The two predictions of a batch, and where they were made. All tensors are `[B, ...I]`, and predictions are in one space. */
export interface Contrast<B extends Dim, I extends Shape> {
  /** The prediction to move toward: with the class, or of the better network. */
  readonly positive: Tensor<[B, ...I]>;
  /** The prediction to move away from: without a class, or of the worse network. */
  readonly negative: Tensor<[B, ...I]>;
  /** x_t. */
  readonly x: Tensor<[B, ...I]>;
  /** Its time, its noise level, and the step of the solver. */
  readonly at: Conditioning<B>;
  /** What the last evaluation left; zeros at first. */
  readonly memory: readonly Tensor<[B, ...I]>[];
}

/** A guided prediction, with what it leaves for the next evaluation. */
export interface Remembering<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly memory: readonly Tensor<[B, ...I]>[];
}

/** A rule that makes one prediction of two. */
export interface ContrastRule {
  /** The space in which it combines predictions: 'x0', 'epsilon', 'v', 'score' or 'velocity'; that of the denoiser if left out. */
  readonly space?: Parameterization;
  /** The number of tensors of the shape of x that it keeps from one evaluation to the next; none if left out. */
  readonly memory?: number;
  /** The guided prediction, in the same space; with `memory`, a {@link Remembering}. */
  readonly combine: <B extends Dim, I extends Shape>(contrast: Contrast<B, I>) => Tensor<[B, ...I]> | Remembering<B, I>;
}

/** A rule of this library. */
export interface CheckedRule extends ContrastRule {
  /** Checks that it acts on a denoiser. */
  readonly accepts?: (denoiser: { readonly timesteps?: number | undefined }) => either.Either<NoisefoldError, void>;
}

/** The result of a rule, with the memory as it was if the rule keeps none. */
export const rememberingOf = <B extends Dim, I extends Shape>(
  made: Tensor<[B, ...I]> | Remembering<B, I>,
  { memory }: Pick<Contrast<B, I>, 'memory'>,
): Remembering<B, I> => (isTensor(made) ? { prediction: made as Tensor<[B, ...I]>, memory } : made);

const ruleOf = (where: string) =>
  schema(
    where,
    {
      combine: functionOf<ContrastRule['combine']>('a function of { positive, negative, x, at, memory }'),
      space: optional(predictsPart),
      memory: optional(hinted(natural, 'the number of tensors that `combine` returns as memory'), 0),
    } satisfies Record<keyof ContrastRule, unknown>,
    'give { combine: ({ positive, negative }) => … }',
  );

/** Both predictions of a denoiser, in its parameterization. */
type Pair<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<B>,
) => readonly [positive: Tensor<[B, ...I]>, negative: Tensor<[B, ...I]>];

/** The noise level of an evaluation. Raises `ConfigError` for a denoiser that is used without a path. */
export const requiredLevel = <B extends Dim>(where: string, { level }: Conditioning<B>): NoiseLevel<B> =>
  level ??
  raise('ConfigError', {
    where,
    expected: 'the noise level of x, to change the space of predictions',
    actual: 'none',
    hint: 'use the guided denoiser in a sampler, or over its process: overNoising(noising)(denoiser)',
  });

/** {@link stepOf}, by the name of the guidance in errors. */
export const requiredStep = (where: string, { step }: Pick<Conditioning<Dim>, 'step'>): StepLevels =>
  step ??
  raise('ConfigError', {
    where,
    expected: 'the step of a solver, which a sampler gives',
    actual: 'none',
    hint: 'guide a sampler, by its option guidance',
  });

/**
 * The step of the solver in which a guide is evaluated. Raises `ConfigError` outside of a sampler.
 * @example
 * const [from, to] = [{ alpha: scalar(0.6), sigma: scalar(0.8) }, { alpha: scalar(0.8), sigma: scalar(0.6) }]
 * const at = { t: iota(1), step: { index: scalar(3, 'int32'), from, to } } // as a sampler gives it
 * stepOf(at).to.sigma // → 0.6
 */
export const stepOf = demanding(
  'stepOf',
  { at: part<Pick<Conditioning<Dim>, 'step'>>('the conditioning of a guide, `at`', 't') },
  (at: Pick<Conditioning<Dim>, 'step'>): StepLevels => requiredStep('stepOf', at),
);

/** A denoiser that predicts by a rule from pairs. */
const guidedByPair = <P, I extends Shape>(
  where: string,
  { space, memory = 0, combine }: ContrastRule,
  denoiser: Denoiser<P, I>,
  pair: Pair<P, I>,
): Denoiser<P, I> => {
  const { predicts } = denoiser;
  const remembering = <B extends Dim>(
    params: P,
    x: Tensor<[B, ...I]>,
    at: Conditioning<B>,
    before: readonly Tensor<[B, ...I]>[],
  ): Remembering<B, I> => {
    const [positive, negative] = pair(params, x, at);
    const turned = (from: Parameterization, to: Parameterization, prediction: Tensor<[B, ...I]>) =>
      from === to ? prediction : convertedAt(from, to, requiredLevel(where, at))(x, prediction);
    const into = (prediction: Tensor<[B, ...I]>) => turned(predicts, space ?? predicts, prediction);
    const contrast = { positive: into(positive), negative: into(negative), x, at, memory: before };
    const { prediction, memory: after } = rememberingOf<B, I>(combine<B, I>(contrast), contrast);
    return { prediction: turned(space ?? predicts, predicts, prediction), memory: after };
  };
  const blank = <B extends Dim>(x: Tensor<[B, ...I]>) => Array.from({ length: memory }, () => zerosLike(x));
  return {
    ...denoiser,
    apply: (params, x, at) => remembering(params, x, at, blank(x)).prediction,
    unguided: (params, x, at) => pair(params, x, at)[1],
    ...(memory > 0 && { recurrent: { memory, apply: remembering } }),
  };
};

/** Joins the noise levels of two batches, like `joinBatches`. */
const doubled = <B extends Dim>({ alpha, sigma, norm, rates }: NoiseLevel<B>): NoiseLevel<Dim> => ({
  alpha: joinBatches(alpha, alpha),
  sigma: joinBatches(sigma, sigma),
  ...(norm && { norm: joinBatches(norm, norm) }),
  ...(rates && {
    rates: { alpha: joinBatches(rates.alpha, rates.alpha), sigma: joinBatches(rates.sigma, rates.sigma) },
  }),
});

/** Predictions with the class and without, from one evaluation of a doubled batch with the same condition. */
const byClass =
  <P, I extends Shape>(where: string, classes: number, { apply }: Denoiser<P, I>): Pair<P, I> =>
  (params, x, at) => {
    const label = requiredLabel(where, at.label);
    const { condition, level } = at;
    return splitBatches(x)(
      apply(params, joinBatches(x, x), {
        ...at,
        t: joinBatches(at.t, at.t),
        ...(level && { level: doubled(level) }),
        label: joinBatches(label, fullLike(label, classes)),
        ...(condition && { condition: joinConditions(condition, condition) }),
      }),
    );
  };

/** {@link classGuidance} with a checked rule, by its name in errors. */
export const classGuidanceOf =
  (where: string, rule: either.Either<NoisefoldError, CheckedRule>): ClassGuidance =>
  (denoiser) =>
    F.pipe(
      rule,
      E.bindTo('checked'),
      E.bind('classes', () =>
        denoiser.classes === undefined
          ? fail('ConfigError', {
              where,
              expected: 'a denoiser with classes',
              actual: 'one without classes',
              hint: 'train it with labels and label dropout, or sample unguided',
            })
          : E.right(denoiser.classes),
      ),
      E.tap(() => checkUnconditional(where, denoiser)),
      E.tap(({ checked: { accepts } }) => accepts?.(denoiser) ?? E.right(undefined)),
      E.map(({ checked, classes }) => guidedByPair(where, checked, denoiser, byClass(where, classes, denoiser))),
    );

/**
 * Guidance of your own from the predictions with the class of each sample and without a class, which come from one evaluation
 * of a doubled batch. {@link cfg} is `negative + scale·(positive - negative)`.
 *
 * Returns a `ConfigError` for a denoiser without classes or one trained only with labels, and for an invalid rule. Sampling
 * without labels raises a `ConfigError`.
 * @example
 * const denoiser: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   classes: 1,
 *   apply: (_, x, { label }) => add(cast(label!, 'float32'), x), // 0 for class 0, 1 without a class
 * }
 * const mean = classGuidance({ combine: ({ positive, negative }) => mul(add(positive, negative), 0.5) })
 * unwrap(mean(denoiser)).apply(null, zeros(1), { t: iota(1), label: iota(1) }) // → [0.5]
 */
export const classGuidance = (rule: ContrastRule): ClassGuidance =>
  classGuidanceOf('classGuidance', ruleOf('classGuidance').decode<ContrastRule>(rule));

/** {@link pairGuidance} with a checked rule, by its name in errors. */
export const pairGuidanceOf =
  <Q, J extends Shape>(
    where: string,
    other: Denoiser<Q, J>,
    rule: either.Either<NoisefoldError, CheckedRule>,
  ): ClassifierGuidance<Q, J> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) =>
    F.pipe(
      rule,
      E.tap(() =>
        clockOf(other) === clockOf(denoiser)
          ? E.right(undefined)
          : fail('ConfigError', {
              where,
              expected: `a second denoiser whose network takes ${clockOf(denoiser)}, as the first`,
              actual: `one that takes ${clockOf(other)}`,
              hint: 'train both alike',
            }),
      ),
      E.tap(({ accepts }) => accepts?.(denoiser) ?? E.right(undefined)),
      E.map((checked) => {
        const second = acceptLabels(other as unknown as Denoiser<Q, I>); // of samples of the shape J, of which I is one
        const pair: Pair<P, I> = (params, x, at) => {
          const prediction = second.apply(params.guide, x, at);
          const { predicts } = denoiser;
          return [
            denoiser.apply(params, x, at),
            other.predicts === predicts
              ? prediction
              : convertedAt(other.predicts, predicts, requiredLevel(where, at))(x, prediction),
          ];
        };
        const timesteps = Math.min(denoiser.timesteps ?? Infinity, other.timesteps ?? Infinity);
        return {
          ...guidedByPair(where, checked, denoiser, pair),
          ...(timesteps < Infinity && { timesteps }),
        };
      }),
    );

/**
 * Guidance of your own from the predictions of a denoiser and of another one, whose parameters are the field `guide` beside
 * those of the first, as for {@link classifierGuided}. Returns a `ConfigError` for an invalid rule and for networks that take
 * different times.
 * @example
 * const first: Denoiser<{ guide: null }, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const second: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const away = pairGuidance(second, { combine: ({ positive, negative }) => sub(mul(positive, 2), negative) })
 * unwrap(away(first)).apply({ guide: null }, zeros(1), { t: iota(1) }) // → [2]
 */
export const pairGuidance = <Q, J extends Shape>(other: Denoiser<Q, J>, rule: ContrastRule): ClassifierGuidance<Q, J> =>
  pairGuidanceOf('pairGuidance', other, ruleOf('pairGuidance').decode<ContrastRule>(rule));

/** The number that a network takes as its time, in words. */
const clockOf = ({ noiseLabels = false, clock = 'timestep' }: Pick<Denoiser<never, Shape>, 'noiseLabels' | 'clock'>) =>
  noiseLabels ? 'noise labels' : clock === 'level' ? 'noise levels' : 'timesteps';
