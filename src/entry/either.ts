/**
 * A result that may be an error, and its guards. The types are those of fp-ts, so that programs with and without fp-ts can
 * exchange values.
 */
import { refined } from '../internal/decode.js';
import { isEither } from '../internal/either.js';
import { E, type either, t } from '../internal/fp.js';
import { argument } from '../internal/schema.js';

/** A result: `Right` holds a value, `Left` an error. `_tag` tells them apart. */
export type Either<Wrong, A> = either.Either<Wrong, A>;

const resultOf = (where: string) =>
  argument(where, refined(t.unknown, 'an Either, such as the result of unet', isEither));
const [ofLeft, ofRight] = [resultOf('isLeft: result'), resultOf('isRight: result')];

/**
 * Tells whether a result is an error, and narrows its type.
 * @example
 * const network = unet({ image: [28, 28, 1], base: 24, multipliers: [1, 2, 2, 2] })
 * isLeft(network) ? network.left.where : 'a U-Net' // → 'unet.image'
 */
export const isLeft = <Wrong, A>(result: Either<Wrong, A>): result is either.Left<Wrong> => {
  ofLeft.demand(result);
  return E.isLeft(result);
};

/**
 * Tells whether a result is a value, and narrows its type.
 * @example
 * const noising = ddpm(cosine(1000))
 * isRight(noising) ? noising.right.timesteps.length : 0 // → 1000
 */
export const isRight = <Wrong, A>(result: Either<Wrong, A>): result is either.Right<A> => {
  ofRight.demand(result);
  return E.isRight(result);
};

/**
 * Makes the result of work that failed, such as the result of a listener that ends a training.
 * @example left('out of disk') // → { _tag: 'Left', left: 'out of disk' }
 */
export const left = <Wrong>(error: Wrong): Either<Wrong, never> => E.left(error);

/**
 * Makes the result of work that succeeded.
 * @example right(3) // → { _tag: 'Right', right: 3 }
 */
export const right = <A>(value: A): Either<never, A> => E.right(value);
