import { add, type NoisefoldError, type Shape, sub, type Tensor } from '../../dsl/index.js';
import { mergedConditions } from '../../conditions/conditions.js';
import type { NeedsConditions } from '../../conditions/marks.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import type { Denoiser, Recurrent } from '../denoisers/denoiser.js';
import { ignoreOthers } from '../denoisers/mapDenoiser.js';
import { eitherFrom } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { denoiserPart } from '../parts.js';
import { bothGuides } from './guide.js';

/**
 * Turns a denoiser into a guided one with the same parameters. `R` is the part of the parameters that the guidance needs, such as a
 * classifier's ({@link GuidedParams}); `J` is the shape of samples that it supports. If left out, both are unrestricted.
 */
export type Guidance<R = unknown, J extends Shape = Shape> = <P extends R, I extends J>(
  denoiser: Denoiser<P, I>,
) => either.Either<NoisefoldError, Denoiser<P, I>>;

/**
 * Guidance of a denoiser with the conditions of the names `N`; with any condition, if `N` is true: {@link cfg}; with or without
 * conditions, if `N` is never: {@link pag}. It adds no conditions.
 */
export type ConditionGuidance<N = true> = Guidance & NeedsConditions<N>;

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
export const unguided: ConditionGuidance<never> = (denoiser) => E.right(denoiser);

/** The guided denoiser. Returns a `ConfigError` if a guidance, which may be a user's own, does not return an Either of a denoiser. */
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

/** Checks that guidance does not change the parameterization of a denoiser, so that predictions can be added. */
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

/** The evaluations of a denoiser in sequence; a denoiser without memory has a memory of 0 tensors. */
const recurrentOf = <P, I extends Shape>({ apply, recurrent }: Denoiser<P, I>): Recurrent<P, I> =>
  recurrent ?? { memory: 0, apply: (params, x, at) => ({ prediction: apply(params, x, at), memory: [] }) };

/** D + (D₁ - D) + (D₂ - D): a prediction plus the differences of two guidances. */
const sumOf = <S extends Shape>(one: Tensor<S>, other: Tensor<S>, plain: Tensor<S>): Tensor<S> =>
  add(one, sub(other, plain));

/**
 * Combines two guidances: adds their differences from the denoiser's prediction, and adds their gradients. An instance of fp-ts's
 * `Monoid`, commutative, with {@link unguided} as `empty`. Returns a `ConfigError` for guidance that changes the parameterization.
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'epsilon', apply: (_, x) => x }
 * const plus = (n: number): Guidance => (d) => right({ ...d, apply: (...given) => add(d.apply(...given), n) })
 * const both = unwrap(guidanceMonoid.concat(plus(1), plus(10))(denoiser))
 * both.apply(null, zeros(1, 1), { t: iota(1) }) // → [[11]]
 */
export const guidanceMonoid: {
  readonly concat: <
    R,
    J extends Shape,
    S = R,
    K extends Shape = J,
    N = never,
    M = never,
    A extends string = string,
    B extends string = string,
  >(
    a: Guidance<R, J> & NeedsConditions<N, A>,
    b: Guidance<S, K> & NeedsConditions<M, B>,
  ) => Guidance<R & S, J & K> & NeedsConditions<N | M, A | B>;
  readonly empty: Guidance;
} = {
  concat:
    (a, b) =>
    ({ guides: own, ...denoiser }) =>
      F.pipe(
        E.Do,
        E.bind('one', () => F.pipe(a(denoiser), E.flatMap(summand(denoiser)))),
        E.bind('other', () => F.pipe(b(denoiser), E.flatMap(summand(denoiser)))),
        E.bind('conditions', ({ one, other }) => mergedConditions('guidanceMonoid', one.conditions, other.conditions)),
        E.map(({ one, other, conditions }) => {
          const [plain, first, second] = [ignoreOthers(denoiser), ignoreOthers(one), ignoreOthers(other)];
          const [left, right] = [recurrentOf(first), recurrentOf(second)];
          const memory = left.memory + right.memory;
          const unguided = first.unguided ?? second.unguided;
          const both =
            (f: typeof plain.apply, g: typeof plain.apply, of = plain.apply): typeof plain.apply =>
            (params, x, at) =>
              sumOf(f(params, x, at), g(params, x, at), of(params, x, at));
          const known = Math.min(one.timesteps ?? Infinity, other.timesteps ?? Infinity);
          return {
            ...denoiser,
            conditions,
            ...(known < Infinity && { timesteps: known }),
            guides: bothGuides(own, bothGuides(one.guides, other.guides)),
            apply: both(first.apply, second.apply),
            ...(plain.perturbed &&
              first.perturbed &&
              second.perturbed && { perturbed: both(first.perturbed, second.perturbed, plain.perturbed) }),
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
