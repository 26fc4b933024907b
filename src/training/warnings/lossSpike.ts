/** Losses that explode without becoming infinite. */
import type { NoisefoldError } from '../../dsl/index.js';
import { failure } from '../../internal/errors.js';
import { finite, positive, refined } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { FirstLosses } from '../../checkpoints/snapshot.js';

export const explosions = schema('training.explosion', {
  /**
   * A loss explodes when it is above this many times the mean of the first 100 losses of the run: 100 by default. Before
   * there are 100 losses, it must be above the square of this many times the mean of those so far.
   */
  factor: optional(
    refined(finite, 'a number above 1', (n) => n > 1),
    100,
  ),
  /** Ends the run after this number of steps in a row whose loss explodes: 10 by default. */
  steps: optional(positive, 10),
  /** False to only warn of such steps; true, the default, to end the run. */
  ends: optional(t.boolean, true),
});

/** The limit above which a loss explodes, and what the run then does. */
export interface Explosion extends OptionsOf<typeof explosions> {}

/** The number of losses whose mean is the usual loss of a run. */
const FIRST = 100;

/** The losses of a run so far. */
export interface Losses {
  readonly first: FirstLosses;
  /** The number of steps in a row whose loss explodes, up to the last finite one. */
  readonly inARow: number;
}

/** The losses of a run before its first step. */
export const noLosses: Losses = { first: { count: 0, mean: 0 }, inARow: 0 };

/** The greatest loss that does not explode; Infinity if the mean is not positive. */
const limitOf = ({ count, mean }: FirstLosses, { factor }: Required<Explosion>): number => {
  if (mean <= 0) return Infinity;
  return (count < FIRST ? factor * factor : factor) * mean;
};

/** Adds the loss of a step. A loss that is not finite changes nothing. */
export const withLoss = (losses: Losses, loss: number, explosion: Required<Explosion>): Losses => {
  const { first, inARow } = losses;
  if (!Number.isFinite(loss)) return losses;
  if (loss > limitOf(first, explosion)) return { first, inARow: inARow + 1 };
  if (first.count >= FIRST) return { first, inARow: 0 };
  const count = first.count + 1;
  return { first: { count, mean: first.mean + (loss - first.mean) / count }, inARow: 0 };
};

const rounded = (loss: number): string => String(Number(loss.toPrecision(3)));

/** Describes a loss that explodes, for a warning. */
export const explosionText = ({ first }: Losses, loss: number): string =>
  `the loss is ${rounded(loss)}, ${rounded(loss / first.mean)} times the mean of the first losses, ${rounded(first.mean)}`;

/** The error that ends a run whose loss explodes; null for any other run. */
export const explosionError = (
  step: number,
  { first, inARow }: Losses,
  loss: number,
  explosion: Required<Explosion>,
): NoisefoldError | null =>
  explosion.ends && inARow >= explosion.steps
    ? failure('Diverged', {
        where: `training, step ${step}`,
        expected: `a loss below ${rounded(limitOf(first, explosion))}`,
        actual: `${rounded(loss)}, and more than that in ${inARow} steps in a row`,
        hint: 'lower the learning rate, or clip gradients; explosion: { ends: false } only reports such steps',
      })
    : null;
