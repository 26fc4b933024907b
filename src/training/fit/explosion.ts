/** Losses that explode without becoming infinite. */
import { failure, type NoisefoldError } from '../../dsl/index.js';

/** When a loss counts as exploded, and what follows. */
export interface Explosion {
  /**
   * A loss explodes when it is above this many times the mean of the first 100 losses of the run: 100 by default. Before
   * there are 100 losses, it must be above the square of this many times the mean of those so far.
   */
  readonly factor?: number;
  /** The number of steps in a row whose loss explodes that end the run: 10 by default. */
  readonly steps?: number;
  /** False to report them, and go on; true by default. */
  readonly ends?: boolean;
}

/** The number of losses whose mean is the usual loss of a run. */
const FIRST = 100;

/** The first losses of a run, at most 100, without those that explode. */
export interface FirstLosses {
  readonly count: number;
  readonly mean: number;
}

/** The losses of a run so far. */
export interface Losses {
  readonly first: FirstLosses;
  /** The number of steps in a row whose loss explodes, up to the last step. */
  readonly inARow: number;
}

/** The losses of a run before its first step. */
export const noLosses: Losses = { first: { count: 0, mean: 0 }, inARow: 0 };

/** The greatest loss that does not explode. A mean that is not positive has none. */
const limitOf = ({ count, mean }: FirstLosses, factor: number): number => {
  if (mean <= 0) return Infinity;
  return (count < FIRST ? factor * factor : factor) * mean;
};

/** Adds the loss of a step. One that is not finite changes nothing. */
export const withLoss = ({ first, inARow }: Losses, loss: number, { factor = 100 }: Explosion = {}): Losses => {
  if (!Number.isFinite(loss)) return { first, inARow };
  if (loss > limitOf(first, factor)) return { first, inARow: inARow + 1 };
  if (first.count >= FIRST) return { first, inARow: 0 };
  const count = first.count + 1;
  return { first: { count, mean: first.mean + (loss - first.mean) / count }, inARow: 0 };
};

const rounded = (loss: number): string => String(Number(loss.toPrecision(3)));

/** The text of the warning about a loss that explodes. */
export const explosionText = ({ first }: Losses, loss: number): string =>
  `the loss is ${rounded(loss)}, ${rounded(loss / first.mean)} times the mean of the first losses, ${rounded(first.mean)}`;

/** The error that ends a run whose loss explodes; null for any other run. */
export const explosionError = (
  step: number,
  { first, inARow }: Losses,
  loss: number,
  { factor = 100, steps = 10, ends = true }: Explosion = {},
): NoisefoldError | null =>
  ends && inARow >= steps
    ? failure('Diverged', {
        where: `training, step ${step}`,
        expected: `a loss below ${rounded(limitOf(first, factor))}`,
        actual: `${rounded(loss)}, and more than that in ${inARow} steps in a row`,
        hint: 'lower the learning rate, or clip gradients; explosion: { ends: false } only reports such steps',
      })
    : null;
