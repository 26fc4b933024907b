/** Types that refuse conditions and guidance that a model does not take, and a guidance without its guide. */
import type {
  GuidanceFor,
  NeedsConditions,
  NeedsGuide,
  NoCondition,
  NoConditions,
  NoLabel,
  OtherValues,
  ValuesFor,
} from '../../conditions/marks.js';
import type { Exact } from '../../internal/exact.js';

/** The message about the values of conditions in a list. */
type BySample = "give the values of all samples by name, { hair: ['short', 'long'] }, not a record of each sample";

/** The names of conditions that the guidance of a call with the fields of `G` adds, if it has one. */
export type Added<G, A> = 'guidance' extends keyof G ? A : never;

/** Refuses conditions with the fields of `H` whose names are not among `N`. */
export type Named<H, N> = H extends readonly unknown[]
  ? readonly BySample[]
  : string extends keyof H
    ? unknown // names that are known only at run time
    : Exact<H, N>;

/**
 * Refuses labels, conditions and guidance that a model conditioned on `K` does not take. `G` has the fields of the call, `H` those of its
 * conditions, and `A` are the names that its guidance adds.
 */
export type ForConditions<K, G, H, A extends string> = string extends keyof K
  ? unknown // names that are known only at run time
  : unknown extends K
    ? unknown
    : {
        readonly guidance?: GuidanceFor<K, A>;
        // a message as a name, because the compiler would compare the members of a list with a string
        readonly labels?: 'label' extends keyof K
          ? ValuesFor<K>['label' & keyof K]
          : 'label' extends Added<G, A>
            ? unknown
            : Readonly<Record<NoLabel, never>>;
        readonly conditions?: Named<H, keyof K | Added<G, A>> & (string extends keyof H ? unknown : ValuesFor<K>);
      };

/**
 * Refuses a trained model `T` without the conditions `C` that the guidance needs, or without those of a call with the fields of `G` and
 * conditions `H`, to which its guidance adds `A`.
 */
export type WithConditions<T, K, G, C, H, A> = unknown extends K
  ? T
  : [C] extends [keyof K | ([keyof K] extends [never] ? never : true)]
    ? 'labels' extends keyof G
      ? 'label' extends keyof K | Added<G, A>
        ? WithNames<T, K, H, Added<G, A>>
        : NoLabel
      : WithNames<T, K, H, Added<G, A>>
    : [keyof K] extends [never]
      ? NoConditions
      : NoCondition<Exclude<C, keyof K>>;

/** Refuses a trained model `T` that takes only the conditions `K`, beside those of the names `A`, for the conditions `H`. */
type WithNames<T, K, H, A> = string extends keyof H | keyof K
  ? T // names that are known only at run time
  : H extends readonly unknown[]
    ? T // refused before
    : [keyof H] extends [keyof K | A]
      ? [Wrong<K, H>] extends [never]
        ? T
        : OtherValues<Wrong<K, H>>
      : [keyof K] extends [never]
        ? NoConditions
        : NoCondition<Exclude<keyof H, keyof K | A>>;

/** The names of the values in `H` that a model conditioned on `K` does not take. A value that is a string is refused before. */
type Wrong<K, H> = { [N in keyof H & keyof K]: H[N] extends ValuesFor<K>[N] | string ? never : N }[keyof H & keyof K];

/**
 * Requires `guide` in a call with the fields of `G`, if the guidance needs parameters `Q`. `Q` is `unknown` for a guidance
 * without parameters, and includes null for a gradient that may have none.
 */
export type ForGuide<Q, G> = { readonly guidance?: NeedsGuide<Q> } & ('guide' extends keyof G
  ? unknown
  : null extends Q
    ? unknown
    : { readonly guide: 'a classifier guides with its parameters: give it as `guide`' });

/** The guidance of a call, whose needs `C` and names `A` are inferred, and its conditions `H`. */
export interface Guided<C, H, A extends string> {
  readonly guidance?: NeedsConditions<C, A>;
  readonly conditions?: H & Named<H, PropertyKey>;
}
