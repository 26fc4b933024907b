import { add, type NoisefoldError, type Shape, sub, type Tensor } from '../../dsl/index.js';
import type { NeedsClasses } from '../../internal/classes.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import type { Denoiser, Recurrent } from '../denoisers/denoiser.js';
import { acceptLabels } from '../denoisers/mapDenoiser.js';
import { eitherFrom } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { denoiserPart } from '../parts.js';
import { bothGuides } from './guide.js';

/**
 * Turns a denoiser into a guided one with the same parameters. `R` is the part of the parameters that it needs, such as a
 * classifier's ({@link GuidedParams}); `J` is the shape of samples that it supports. Any, if left out.
 */
export type Guidance<R = unknown, J extends Shape = Shape> = <P extends R, I extends J>(
  denoiser: Denoiser<P, I>,
) => either.Either<NoisefoldError, Denoiser<P, I>>;

/** Guidance of a denoiser with classes: {@link cfg}. */
export type ClassGuidance = Guidance & NeedsClasses<true>;

/** The parameters of a denoiser and of its guide. */
export interface GuidedParams<P, Q> {
  readonly denoiser: P;
  readonly guide: Q;
}

/**
 * No guidance: returns the denoiser itself.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'v', apply: (_, x) => x }
 * unwrap(unguided(denoiser)) // → denoiser
 */
export const unguided: Guidance = (denoiser) => E.right(denoiser);

/** The guided denoiser. Returns a `ConfigError` for a guidance, which anyone may write, that returns anything else. */
export const guidedBy =
  <P, I extends Shape>(where: string, guidance: Guidance<P, I>) =>
  (denoiser: Denoiser<P, I>): either.Either<NoisefoldError, Denoiser<P, I>> =>
    F.pipe(
      eitherFrom(
        `${where}.guidance`,
        'a guidance, which returns an Either of a denoiser',
        'cfg(2)',
        guidance<P, I>(denoiser),
      ),
      E.tap((guided) => argument(`${where}.guidance`, denoiserPart).decode(guided)),
    );

/** Checks that a guided denoiser has the parameterization of the plain one, so that predictions can be added. */
const summand =
  <P, I extends Shape>({ predicts }: Denoiser<P, I>) =>
  (guided: Denoiser<P, I>): either.Either<NoisefoldError, Denoiser<P, I>> =>
    guided.predicts === predicts
      ? E.right(guided)
      : fail('ConfigError', {
          where: 'guidanceMonoid',
          expected: `guidance that keeps the prediction of ${predicts}`,
          actual: `guidance that changes it to ${guided.predicts}`,
          hint: 'reparameterize the result of the guidance',
        });

/** The number of classes of two guided denoisers, if one of them has classes. */
const classesOf = <P, I extends Shape>(
  first: Denoiser<P, I>,
  second: Denoiser<P, I>,
): either.Either<NoisefoldError, number | undefined> =>
  first.classes === undefined || second.classes === undefined || first.classes === second.classes
    ? E.right(first.classes ?? second.classes)
    : fail('ConfigError', {
        where: 'guidanceMonoid',
        expected: 'guides with the same number of classes',
        actual: `${first.classes} and ${second.classes} classes`,
        hint: 'train the classifiers with the same labels',
      });

/** The evaluations of a denoiser in sequence, without memory if it keeps none. */
const recurrentOf = <P, I extends Shape>({ apply, recurrent }: Denoiser<P, I>): Recurrent<P, I> =>
  recurrent ?? { memory: 0, apply: (params, x, at) => ({ prediction: apply(params, x, at), memory: [] }) };

/** D + (D₁ - D) + (D₂ - D): the sum of what two guidances add to a prediction. */
const sumOf = <S extends Shape>(one: Tensor<S>, other: Tensor<S>, plain: Tensor<S>): Tensor<S> =>
  add(one, sub(other, plain));

/**
 * Combines two guidances: sums what each adds to the prediction of the denoiser, and their gradients. An instance of
 * fp-ts's `Monoid`, commutative, with {@link unguided} as `empty`. Returns a `ConfigError` for guidance that changes the
 * parameterization.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'epsilon', apply: (_, x) => x }
 * const plus = (n: number): Guidance => (d) => right({ ...d, apply: (...given) => add(d.apply(...given), n) })
 * const both = unwrap(guidanceMonoid.concat(plus(1), plus(10))(denoiser))
 * both.apply(null, zeros(1, 1), { t: iota(1) }) // → [[11]]
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
          const [left, right] = [recurrentOf(first), recurrentOf(second)];
          const memory = left.memory + right.memory;
          const unguided = first.unguided ?? second.unguided;
          const both =
            (f: typeof plain.apply, g: typeof plain.apply): typeof plain.apply =>
            (params, x, at) =>
              sumOf(f(params, x, at), g(params, x, at), plain.apply(params, x, at));
          const known = Math.min(one.timesteps ?? Infinity, other.timesteps ?? Infinity);
          return {
            ...denoiser,
            ...(classes === undefined ? {} : { classes }),
            ...(known < Infinity && { timesteps: known }),
            guides: bothGuides(own, bothGuides(one.guides, other.guides)),
            apply: both(first.apply, second.apply),
            ...(unguided && { unguided }),
            ...((first.renoise ?? second.renoise) && {
              renoise: both(first.renoise ?? first.apply, second.renoise ?? second.apply),
            }),
            ...(memory > 0 && {
              recurrent: {
                memory,
                apply: (params, x, at, before) => {
                  const a = left.apply(params, x, at, before.slice(0, left.memory));
                  const b = right.apply(params, x, at, before.slice(left.memory));
                  const prediction = sumOf(a.prediction, b.prediction, plain.apply(params, x, at));
                  return { prediction, memory: [...a.memory, ...b.memory] };
                },
              },
            }),
          };
        }),
      ),
  empty: unguided,
};
