/** Guidance by the predictions of a denoiser with conditions and without some of them. */
import type { Conditions } from '../../conditions/conditions.js';
import { joinConditions, refuseName, without } from '../../conditions/values.js';
import { type Dim, isTensor, mapLeaves, type NoisefoldError, type Shape, type Tensor } from '../../dsl/index.js';
import { attempt, fail, raise } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { repeatBatch, splitBatches } from '../channels/batch.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { type Chain, type CheckedRule, type ContrastRule, guidedByPair, ruleOf } from './contrast.js';
import type { ConditionGuidance } from './guidance.js';

/**
 * Predictions without the conditions of each list in turn, then with all, from one evaluation of a joined batch. Each list contains
 * the next.
 */
const byDropping =
  <P, I extends Shape>(
    where: string,
    conditions: Conditions,
    lists: readonly (readonly string[])[],
    { apply }: Denoiser<P, I>,
  ): Chain<P, I> =>
  (params, x, at) => {
    const { conditions: values = {}, level, step } = at;
    if (!lists[0]!.some((name) => name in values))
      raise('ConfigError', {
        where,
        expected: `a value of each sample for ${lists[0]!.join(' or ')}`,
        actual: 'none',
        hint: 'give the sampler conditions, such as labels, or leave guidance out',
      });
    const count = lists.length + 1;
    const repeat = <A>(tree: A): A =>
      mapLeaves(tree, isTensor, (leaf) => repeatBatch(count)(leaf as Tensor<[Dim]>)) as A;
    // all conditions first
    const joined = joinConditions([values, ...lists.toReversed().map((names) => without(conditions, names, values))]);
    const predictions = apply(params, repeatBatch(count)(x), {
      ...at,
      t: repeatBatch(count)(at.t),
      ...(level && { level: repeat(level) }),
      ...(step && { step: { ...step, from: repeat(step.from), to: repeat(step.to) } }),
      conditions: joined,
    });
    return splitBatches(count, x)(predictions).toReversed();
  };

/** The conditions that guidance may drop. Returns a `ConfigError` if there are none. */
const droppable = (where: string, conditions: Conditions = {}): either.Either<NoisefoldError, readonly string[]> => {
  const names = Object.keys(conditions).filter((name) => conditions[name]!.required !== true);
  if (names.length > 0) return E.right(names);
  return Object.keys(conditions).length === 0
    ? fail('ConfigError', {
        where,
        expected: 'a denoiser with conditions',
        actual: 'a denoiser without conditions',
        hint: 'train it with conditions that are dropped at times, or sample unguided',
      })
    : fail('ConfigError', {
        where,
        expected: 'a model that was also trained without its conditions, for predictions without them',
        actual: `a model that needs ${Object.keys(conditions).join(' and ')}`,
        hint: 'train with conditionDropout: 0.1, or give a value to each sample and leave guidance out',
      });
};

/** The error for scales of no condition. */
const noScales = (where: string) =>
  fail('ConfigError', {
    where,
    expected: 'the scale of one condition at least',
    actual: 'an object without scales',
    hint: 'give { label: 2 }, or a number for all conditions',
  });

/** Names that may be dropped, in order. Returns a `ConfigError` for a name that is not a condition, or is required. */
const named = (
  where: string,
  conditions: Conditions,
  free: readonly string[],
  names: readonly string[],
): either.Either<NoisefoldError, readonly string[]> => {
  const wrong = names.find((name) => !free.includes(name));
  if (wrong === undefined) return E.right(names);
  return Object.hasOwn(conditions, wrong)
    ? fail('ConfigError', {
        where: `${where}.${wrong}`,
        expected: 'a condition that was dropped in training',
        actual: 'a condition that the model needs',
        hint: `train with conditionDropout: { each: { ${wrong}: 0.1 } }`,
      })
    : attempt(() => refuseName(where, wrong, conditions));
};

/**
 * Guidance by a checked rule; `where` is its name in errors. It drops the conditions of `names` one after the other, the last first;
 * without names, all conditions at once.
 */
export const conditionGuidanceOf =
  (
    where: string,
    rule: either.Either<NoisefoldError, CheckedRule>,
    names?: readonly string[],
  ): ConditionGuidance<never> =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>) => {
    const { conditions = {} } = denoiser;
    return F.pipe(
      rule,
      E.tap(() => (names?.length === 0 ? noScales(where) : E.right(undefined))),
      E.bindTo('checked'),
      E.bind('free', () => droppable(where, conditions)),
      E.bind('lists', ({ free }) =>
        names === undefined
          ? E.right([free])
          : E.map((known: readonly string[]) => known.map((_, k) => known.slice(k)))(
              named(where, conditions, free, names),
            ),
      ),
      E.flatMap(({ checked, lists }) =>
        guidedByPair(where, checked, denoiser, (of) => byDropping(where, conditions, lists, of)),
      ),
    );
  };

/**
 * Guidance of your own from the predictions with the conditions of each sample and without them, which come from one evaluation
 * of a doubled batch. {@link cfg} is `negative + scale·(positive - negative)`. Conditions that are required stay in both.
 *
 * Returns a `ConfigError` for a denoiser without conditions or one that requires all of them, and for an invalid rule. Sampling
 * without values raises a `ConfigError`.
 * @example
 * const denoiser: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   conditions: { label: { classes: 1 } },
 *   apply: (_, x, at) => add(cast(labelOf(at)!, 'float32'), x), // 0 for class 0, 1 without a class
 * }
 * const mean = conditionGuidance({ combine: ({ positive, negative }) => mul(add(positive, negative), 0.5) })
 * unwrap(mean(denoiser)).apply(null, zeros(1), { t: iota(1), conditions: { label: iota(1) } }) // → [0.5]
 */
export const conditionGuidance = (rule: ContrastRule): ConditionGuidance =>
  conditionGuidanceOf('conditionGuidance', ruleOf('conditionGuidance').decode<ContrastRule>(rule));
