/** Types that refuse labels and `cfg` for a model without classes, and a guidance without its guide. */
import type { IfNoClasses, NeedsClasses, NeedsGuide, NoClasses } from '../../internal/classes.js';

/**
 * Refuses labels and `cfg` in a sampling of a model without classes. `G` has the fields that are given: beside a guidance,
 * labels are for the classifier that guides.
 */
export type ForClasses<K, G> = IfNoClasses<
  K,
  {
    // a message as a name, because the compiler would compare the members of a list with a string
    readonly labels?: 'guidance' extends keyof G ? unknown : Readonly<Record<NoClasses, never>>;
    readonly guidance?: NeedsClasses<NoClasses>;
  },
  unknown
>;

/** Refuses a trained model `T` without classes, for a sampling with the fields of `G` whose guidance needs `C`. */
export type WithClasses<T, K, G, C> = [C] extends [never]
  ? 'guidance' extends keyof G
    ? T
    : 'labels' extends keyof G
      ? IfNoClasses<K, NoClasses, T>
      : T
  : IfNoClasses<K, NoClasses, T>;

/**
 * Requires `guide` in a sampling with the fields of `G`, if its guidance needs parameters `Q`. These are unknown if it needs
 * none, and may be null for a gradient that has none.
 */
export type ForGuide<Q, G> = { readonly guidance?: NeedsGuide<Q> } & ('guide' extends keyof G
  ? unknown
  : null extends Q
    ? unknown
    : { readonly guide: 'a classifier guides with its parameters: give it as `guide`' });
