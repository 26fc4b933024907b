/**
 * Exact options. The compiler looks for unknown fields only in the literal that is the argument; `Exact` also finds them in
 * a spread and in a variable:
 *
 *     const ddim = <G = unknown>(options: Exact<G, keyof DdimOptions> & DdimOptions) => …
 *
 * `G` is inferred as a record with the fields of the argument. If all of them are fields of the options, `Exact` is
 * `unknown`, so that the parameter has the type of the options, and another mistake has its usual message.
 */
import type { Synonyms } from './suggest.js';
import type { LastOf } from './typeKinds.js';

/** Refuses the fields of `G` whose names are not among `F`. */
export type Exact<G, F> = keyof G extends F
  ? unknown
  : 'valueOf' extends keyof G // `G` is a number, which the type of the options refuses, or a record with `string` keys
    ? ByString<G>['message']
    : { readonly [N in keyof G]: N extends F ? unknown : Refusal<N & string, F> };

/**
 * A message for a record with `string` keys. It is a member of a type that depends on `G`, for the reason that `Late`
 * gives.
 */
type ByString<G> = G extends unknown
  ? { readonly message: string extends keyof G ? 'the names of options must be literals' : unknown }
  : never;

/** The message about a field that is not an option. */
type Refusal<N extends string, F> = N extends `${infer First}${string}`
  ? Suggesting<N, Similar<N, Extract<F, `${First}${string}`>> | Synonym<N, F>>
  : never;

/** The field that has the name `N` in other places: `grid` for `steps`. */
type Synonym<N, F> = N extends keyof Synonyms ? Extract<F, Synonyms[N]> : never;

type Suggesting<N extends string, Meant extends string> = [Meant] extends [never]
  ? `'${N}' is not an option`
  : `'${N}' is not an option: did you mean ${Alternatives<Meant>}?`;

/** A union in words, so that the message is not a union: `'beta1' or 'beta2'`. */
type Alternatives<U extends string, Last = LastOf<U>> = [Exclude<U, Last>] extends [never]
  ? `'${U}'`
  : `${Alternatives<Exclude<U, Last>>} or '${Last & string}'`;

/**
 * The fields with the same first letter as a name that differ from it by one letter (`ete` and `eta`), by the order of
 * two letters (`gird` and `grid`), or by letters at the end (`batchSize` and `batch`, `pad` and `padding`).
 */
type Similar<N extends string, F> = F extends string
  ? [N, F] extends readonly [`${F}${string}`, string] | readonly [string, `${N}${string}`]
    ? F
    : (N | Shorter<N>) & (F | Shorter<F>) extends never
      ? never
      : F
  : never;

/** A name without one of its letters. */
type Shorter<N extends string, Before extends string = ''> = N extends `${infer Letter}${infer Rest}`
  ? `${Before}${Rest}` | Shorter<Rest, `${Before}${Letter}`>
  : never;

/**
 * The fields of `T` in two records. The first has the fields `K`, from which type parameters are inferred. In one
 * record a misspelt field would stop the inference for the whole object; with two, the compiler reports that field.
 */
export type InferredFrom<T, K extends keyof T> = Pick<T, K> & Omit<T, K>;
