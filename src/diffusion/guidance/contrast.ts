/** Guidance by two predictions: toward `positive`, and away from `negative`. */
import { type Dim, isTensor, type NoisefoldError, type Shape, type Tensor, zerosLike } from '../../dsl/index.js';
import { functionOf, hinted, natural, show } from '../../internal/decode.js';
import { fail, raise } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { isObject } from '../../internal/parts.js';
import { optional, schema } from '../../internal/schema.js';
import { convertedAt } from '../denoisers/atLevel.js';
import type { Conditioning, Denoiser, StepLevels } from '../denoisers/denoiser.js';
import type { Parameterization } from '../denoisers/parameterization.js';
import type { NoiseLevel } from '../paths/path.js';
import { predictsPart } from '../parts.js';

/** The two predictions of a batch, with x_t and its conditioning. All tensors are `[B, ...I]`; both predictions are in the same space. */
export interface Contrast<B extends Dim, I extends Shape> {
  /** The prediction to move toward: with the conditions, or of the better network. */
  readonly positive: Tensor<[B, ...I]>;
  /** The prediction to move away from: without conditions, or of the worse network. */
  readonly negative: Tensor<[B, ...I]>;
  /** Predictions from `negative` to `positive`, each with more conditions than the one before it; both alone, unless {@link cfg} has several scales. */
  readonly chain: readonly Tensor<[B, ...I]>[];
  /** x_t. */
  readonly x: Tensor<[B, ...I]>;
  /** The time and the noise level of x_t, and the step of the solver. */
  readonly at: Conditioning<B>;
  /** The tensors that the last evaluation returned as memory; zeros at first. */
  readonly memory: readonly Tensor<[B, ...I]>[];
}

/** A guided prediction, and the memory for the next evaluation. */
export interface GuidanceState<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly memory: readonly Tensor<[B, ...I]>[];
}

/** A rule that makes one prediction of two. */
export interface ContrastRule {
  /** The space in which the rule combines predictions: 'x0', 'epsilon', 'v', 'score' or 'velocity'; that of the denoiser if left out. */
  readonly space?: Parameterization;
  /** The number of tensors, of the shape of x, that the rule keeps from one evaluation to the next; none if left out. */
  readonly memory?: number;
  /** The guided prediction, in the same space; with `memory`, a {@link GuidanceState}. */
  readonly combine: <B extends Dim, I extends Shape>(
    contrast: Contrast<B, I>,
  ) => Tensor<[B, ...I]> | GuidanceState<B, I>;
  /**
   * The prediction, in the same space, from which the next level takes its noise, such as `({ negative }) => negative`; the guided
   * prediction if left out. It needs a solver with one evaluation a step.
   */
  readonly renoise?: <B extends Dim, I extends Shape>(contrast: Omit<Contrast<B, I>, 'memory'>) => Tensor<[B, ...I]>;
}

/** A rule of this library. */
export interface CheckedRule extends ContrastRule {
  /** Checks that the rule has an effect on a denoiser. */
  readonly accepts?: (denoiser: { readonly timesteps?: number | undefined }) => either.Either<NoisefoldError, void>;
}

/** The result of a rule as a state; a tensor alone has no memory. */
export const guidanceStateOf = <B extends Dim, I extends Shape>(
  value: Tensor<[B, ...I]> | GuidanceState<B, I>,
): GuidanceState<B, I> => (isTensor(value) ? { prediction: value as Tensor<[B, ...I]>, memory: [] } : value);

/** Checks the result of a rule, which may be a user's own. Raises `ConfigError` unless it is a tensor, or a tensor with its memory. */
const checkedResult = <B extends Dim, I extends Shape>(
  where: string,
  memory: number,
  value: Tensor<[B, ...I]> | GuidanceState<B, I>,
): GuidanceState<B, I> => {
  const isWhole = isTensor(value) || (isObject(value) && isTensor(value.prediction) && Array.isArray(value.memory));
  const result: GuidanceState<B, I> | null = isWhole ? guidanceStateOf(value) : null;
  return result?.memory.length === memory
    ? result
    : raise('ConfigError', {
        where,
        expected:
          memory === 0
            ? 'a function that returns a tensor'
            : `one that returns { prediction, memory }, with ${memory} tensors`,
        actual:
          result === null ? `one that returns ${show(value)}` : `one that returns ${result.memory.length} as memory`,
        hint: 'the option memory says how many tensors it keeps',
      });
};

export const ruleOf = (where: string) =>
  schema(
    where,
    {
      combine: functionOf<ContrastRule['combine']>('a function of { positive, negative, x, at, memory }'),
      space: optional(predictsPart),
      renoise: optional(functionOf<Required<ContrastRule>['renoise']>('a function of { positive, negative, x, at }')),
      memory: optional(hinted(natural, 'the number of tensors that `combine` returns as memory'), 0),
    } satisfies Record<keyof ContrastRule, unknown>,
    'give { combine: ({ positive, negative }) => … }',
  );

/** The predictions of a denoiser from the negative to the positive one, in its parameterization. */
export type Chain<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<B>,
) => readonly Tensor<[B, ...I]>[];

/** The noise level of an evaluation. Raises `ConfigError` for a denoiser that is used without a path. */
export const requiredLevel = <B extends Dim>(where: string, { level }: Conditioning<B>): NoiseLevel<B> =>
  level ??
  raise('ConfigError', {
    where,
    expected: 'the noise level of x, to change the space of predictions',
    actual: 'none',
    hint: 'use the guided denoiser in a sampler, or over its process: overNoising(noising)(denoiser)',
  });

/** {@link stepOf}; `where` is the name of the guidance in errors. */
export const requiredStep = <B extends Dim>(where: string, { step }: Pick<Conditioning<B>, 'step'>): StepLevels<B> =>
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
 * const [from, to] = [{ alpha: fullOf(0.6, 1), sigma: fullOf(0.8, 1) }, { alpha: fullOf(0.8, 1), sigma: fullOf(0.6, 1) }]
 * const at = { t: iota(1), step: { index: scalar(3, 'int32'), from, to } } // as a sampler gives it
 * stepOf(at).to.sigma // → [0.6]
 */
export const stepOf = <B extends Dim>(at: Pick<Conditioning<B>, 'step'>): StepLevels<B> => requiredStep('stepOf', at);

/**
 * A denoiser that predicts by a rule from pairs of predictions. Returns a `ConfigError` for a denoiser that the rule does not
 * accept, and for a denoiser with memory, because the predictions would not pass its memory on.
 */
export const guidedByPair = <P, I extends Shape>(
  where: string,
  rule: CheckedRule,
  denoiser: Denoiser<P, I>,
  chainOf: (denoiser: Denoiser<P, I>) => Chain<P, I>,
): either.Either<NoisefoldError, Denoiser<P, I>> =>
  denoiser.recurrent === undefined
    ? E.map(() => combined(where, rule, denoiser, chainOf))(rule.accepts?.(denoiser) ?? E.right(undefined))
    : fail('ConfigError', {
        where,
        expected: 'a denoiser without memory',
        actual: 'a denoiser that is guided with memory',
        hint: 'apply guidance with memory, such as apg with momentum, last; or add both by guidanceMonoid.concat',
      });

/** Returns a `ConfigError` if the guidance of a denoiser chooses the noise of the next level, which `actual` does not support. */
export const rejectRenoise = <P, I extends Shape>(
  where: string,
  { renoise }: Pick<Denoiser<P, I>, 'renoise'>,
  actual: string,
): either.Either<NoisefoldError, void> =>
  renoise === undefined
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: 'a sampler with one evaluation a step, for guidance that chooses the noise of the next level',
        actual,
        hint: 'sample by ddim(), or guide by cfg(2)',
      });

const combined = <P, I extends Shape>(
  where: string,
  rule: ContrastRule,
  denoiser: Denoiser<P, I>,
  chainOf: (denoiser: Denoiser<P, I>) => Chain<P, I>,
): Denoiser<P, I> => {
  const { space, memory = 0, combine, renoise } = rule;
  const { predicts, perturbed, ...others } = denoiser;
  const chain = chainOf(denoiser);
  const blank = <B extends Dim>(x: Tensor<[B, ...I]>) => Array.from({ length: memory }, () => zerosLike(x));
  /** Applies a function of both predictions in the space of the rule, and returns a fixed number of tensors as memory. */
  const ruled =
    (field: 'combine' | 'renoise', make: ContrastRule['combine'], count: number) =>
    <B extends Dim>(
      params: P,
      x: Tensor<[B, ...I]>,
      at: Conditioning<B>,
      before: readonly Tensor<[B, ...I]>[],
    ): GuidanceState<B, I> => {
      const turned = (from: Parameterization, to: Parameterization, prediction: Tensor<[B, ...I]>) =>
        from === to ? prediction : convertedAt(from, to, requiredLevel(where, at))(x, prediction);
      const into = (prediction: Tensor<[B, ...I]>) => turned(predicts, space ?? predicts, prediction);
      const predictions = chain(params, x, at).map(into);
      const [negative, positive] = [predictions[0]!, predictions.at(-1)!];
      const contrast = { positive, negative, chain: predictions, x, at, memory: before };
      const result = checkedResult<B, I>(`${where}.${field}`, count, make<B, I>(contrast));
      return { ...result, prediction: turned(space ?? predicts, predicts, result.prediction) };
    };
  const remembering = ruled('combine', combine, memory);
  const noise = renoise && ruled('renoise', renoise, 0);
  return {
    ...denoiser,
    apply: (params, x, at) => remembering(params, x, at, blank(x)).prediction,
    ...(perturbed && {
      perturbed: combined(where, rule, { ...others, predicts, apply: perturbed }, chainOf).apply,
    }),
    unguided: (params, x, at) => chain(params, x, at)[0]!,
    ...(noise && { renoise: (params, x, at) => noise(params, x, at, []).prediction }),
    ...(memory > 0 && { recurrent: { memory, apply: remembering } }),
  };
};
