/** Dropout of conditions, which trains the unconditional part of classifier-free guidance. */
import {
  bernoulliLike,
  cast,
  type Dim,
  fork,
  isTensor,
  type Key,
  leaves,
  type Shape,
  sumPerSample,
  type Tensor,
} from '../dsl/index.js';
import { hinted, share } from '../internal/decode.js';
import { raise } from '../internal/errors.js';
import { F, t } from '../internal/fp.js';
import { optional, type OptionsOf, record } from '../internal/schema.js';
import type { Conditions } from './conditions.js';
import { type ConditionValues, refuseName, replaced, without } from './values.js';

const probability = hinted(share, '0.1 is usual');

const rates = record({
  /** The probability of dropping all conditions of a sample together; 0 if left out. */
  together: optional(probability, 0),
  /** The probability of dropping each condition, independently: for all of them, or by name; 0 if left out. */
  each: optional(t.union([probability, t.record(t.string, probability)], 'a number from 0 to 1, or one by name'), 0),
});

/** The probabilities of dropping conditions; a number drops all conditions of a sample together. */
export type ConditionDropout = number | OptionsOf<typeof rates>;

/** Decodes a {@link ConditionDropout}. */
export const conditionDropout: t.Type<ConditionDropout> = t.union(
  [probability, rates],
  'a number from 0 to 1, or { together, each }',
) as t.Mixed as t.Type<ConditionDropout>; // a rate may be left out

/** The probability of dropping all conditions together, and of dropping each on its own. */
const ratesOf = (dropout: ConditionDropout) => {
  const { together = 0, each = 0 } = typeof dropout === 'number' ? { together: dropout } : dropout;
  const alone = (name: string): number => (typeof each === 'number' ? each : (each[name] ?? 0));
  const names = typeof each === 'number' ? [] : Object.keys(each);
  return {
    together,
    alone,
    names,
    drops: Math.max(together, ...(typeof each === 'number' ? [each] : Object.values(each))) > 0,
  };
};

/** The conditions that a training never drops, as required ones: a network cannot predict without them. */
export const requiredAfter = (conditions: Conditions, dropout: ConditionDropout): Conditions => {
  const { together, alone } = ratesOf(dropout);
  return Object.fromEntries(
    Object.entries(conditions).map(([name, spec]) => [
      name,
      together === 0 && alone(name) === 0 ? { ...spec, required: true } : spec,
    ]),
  );
};

/**
 * Drops conditions of some samples: replaces their values by the value that means none. Trains the unconditional half of
 * classifier-free guidance (Ho & Salimans 2022, Algorithm 1). Conditions that are required are not dropped.
 *
 * Raises `ConfigError` for a name that is not a condition or is required, and for a probability other than 0 without a condition
 * that may be dropped.
 * @example
 * const drop = dropConditions({ label: { classes: 10 } }, 0.5)
 * await using nf = await open(reference())
 * const labels = program({ k: 'key' }, ({ k }) => labelOf({ conditions: drop(k)({ label: iota(4) }) })!)
 * await nf.run(evaluate(labels, {})({ k: key(7) })) // → [0, 1, 2, 10]
 */
export const dropConditions = (conditions: Conditions = {}, dropout: ConditionDropout) => {
  const { together, alone, names, drops } = ratesOf(dropout);
  for (const name of names) {
    if (!Object.hasOwn(conditions, name)) refuseName('conditionDropout: each', name, conditions);
    if (alone(name) > 0 && conditions[name]!.required === true)
      raise('ConfigError', {
        where: `conditionDropout: each.${name}`,
        expected: '0, because the denoiser requires it',
        actual: `${alone(name)}`,
        hint: 'leave it out, or make the denoiser without `required` for it',
      });
  }
  const droppable = Object.keys(conditions).filter((name) => conditions[name]!.required !== true);
  if (drops && droppable.length === 0) {
    const isBare = Object.keys(conditions).length === 0;
    raise('ConfigError', {
      where: 'conditionDropout',
      expected: 'a denoiser with a condition that may be left out',
      actual: isBare ? 'a denoiser without conditions' : 'a denoiser that requires all of them',
      hint: `${isBare ? 'give it `conditions`, such as { label: 10 }' : 'make one of them without `required`'}, or a probability of 0`,
    });
  }
  const single = droppable.filter((name) => alone(name) > 0);
  /** A key of its own for a draw. The name `all together` is not one that a condition may have. */
  const forked = (name: string) => (key: Key) => fork(key, name)[name]!;
  /** The conditions that are dropped at once, with their probability and their key. */
  const draws = [
    ...(together > 0
      ? [{ share: together, dropped: droppable, keyOf: single.length === 0 ? F.identity<Key> : forked('all together') }]
      : []),
    ...single.map((name) => ({ share: alone(name), dropped: [name], keyOf: forked(name) })),
  ];
  return (key: Key) =>
    <B extends Dim>(values: ConditionValues<B>): ConditionValues<B> => {
      const [first] = leaves(values, isTensor);
      if (first === undefined) return values;
      const like = perSample(first.leaf as Tensor<[B, ...Shape]>);
      return draws.reduce((rest, { share: rate, dropped, keyOf }) => {
        const isDropped = bernoulliLike(keyOf(key), rate, like);
        return F.pipe(without(conditions, dropped, rest), (none) => replaced(isDropped, none, rest));
      }, values);
    };
};

/** A tensor `[B]` for a value of a batch `[B, …]`. Use only its shape. */
const perSample = <B extends Dim>(x: Tensor<[B, ...Shape]>): Tensor<[B]> => sumPerSample(cast(x, 'float32'));
