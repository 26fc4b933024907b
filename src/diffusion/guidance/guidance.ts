import { add, type NoisefoldError, type Shape, sub } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { type Denoiser, acceptLabels } from '../denoiser/denoiser.js';
import { bothGuides } from './guide.js';

/**
 * A way to steer a denoiser: it makes another of it, with the same parameters. `R` is what it needs among them, such
 * as a classifier's ({@link GuidedParams}), and `J` the samples that it is for; left out, anything will do.
 */
export type Guidance<R = unknown, J extends Shape = Shape> = <P extends R, I extends J>(
  denoiser: Denoiser<P, I>,
) => either.Either<NoisefoldError, Denoiser<P, I>>;

/** The parameters of a denoiser, and those of what guides it. */
export interface GuidedParams<P, Q> {
  readonly denoiser: P;
  readonly guide: Q;
}

/**
 * The denoiser as it is.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'v', apply: (_, x) => x }
 * unguided(denoiser) // → E.right(denoiser)
 */
export const unguided: Guidance = (denoiser) => E.right(denoiser);

/** A guided denoiser whose predictions can be added up with those of the plain one: both are of one kind. */
const summand =
  <P, I extends Shape>({ predicts }: Denoiser<P, I>) =>
  (guided: Denoiser<P, I>): either.Either<NoisefoldError, Denoiser<P, I>> =>
    guided.predicts === predicts
      ? E.right(guided)
      : fail('ConfigError', {
          where: 'guidanceMonoid',
          expected: `guides that leave a denoiser of ${predicts} one of ${predicts}`,
          actual: `one that makes it predict ${guided.predicts}`,
          hint: 'let the guide reparameterize its result',
        });

/** The classes of which one of two guided denoisers hears, if one does. */
const classesOf = <P, I extends Shape>(
  first: Denoiser<P, I>,
  second: Denoiser<P, I>,
): either.Either<NoisefoldError, number | undefined> =>
  first.classes === undefined || second.classes === undefined || first.classes === second.classes
    ? E.right(first.classes ?? second.classes)
    : fail('ConfigError', {
        where: 'guidanceMonoid',
        expected: `guides of ${first.classes} classes both`,
        actual: `one of ${second.classes}`,
        hint: 'train the classifiers with the same labels',
      });

/**
 * Guides at once: what each adds to the prediction of the denoiser, and their gradients, are summed. An instance of fp-ts's `Monoid`, with
 * {@link unguided} as its empty; commutative. A guide that changes what a denoiser predicts is a `ConfigError`.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'epsilon', apply: (_, x) => x }
 * const plus = (n: number): Guidance => (d) => E.right({ ...d, apply: (...given) => add(d.apply(...given), n) })
 * const both = guidanceMonoid.concat(plus(1), plus(10))
 * pipe(both(denoiser), E.map(({ apply }) => apply(null, zeros(1, 1), { t: iota(1) }))) // → E.right([[11]])
 */
export const guidanceMonoid: {
  readonly concat: <R, J extends Shape, S = R, K extends Shape = J>(
    a: Guidance<R, J>,
    b: Guidance<S, K>,
  ) => Guidance<R & S, J & K>;
  readonly empty: Guidance;
} = {
  concat:
    (a, b) =>
    ({ guides: own, ...denoiser }) =>
      F.pipe(
        E.Do,
        E.bind('one', () => F.pipe(a(denoiser), E.flatMap(summand(denoiser)))),
        E.bind('other', () => F.pipe(b(denoiser), E.flatMap(summand(denoiser)))),
        E.bind('classes', ({ one, other }) => classesOf(one, other)),
        E.map(({ one, other, classes }) => {
          const [plain, first, second] = [acceptLabels(denoiser), acceptLabels(one), acceptLabels(other)];
          const known = Math.min(one.timesteps ?? Infinity, other.timesteps ?? Infinity);
          return {
            ...denoiser,
            ...(classes === undefined ? {} : { classes }),
            ...(known < Infinity && { timesteps: known }),
            guides: bothGuides(own, bothGuides(one.guides, other.guides)),
            apply: (params, x, at) =>
              add(first.apply(params, x, at), sub(second.apply(params, x, at), plain.apply(params, x, at))),
          };
        }),
      ),
  empty: unguided,
};
