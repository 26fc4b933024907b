/** Types that refuse labels and `cfg` for a model without classes. */
import type { ClassGuidance } from '../../diffusion/index.js';
import type { WithoutClasses } from '../../nn/index.js';

type Refusal = 'the model has no classes: give `classes` to unet, or guide it by a classifier';

/** A guidance that needs a model with classes, as `cfg` does, if `C` is true. */
export type Needs<C> = { readonly [N in keyof ClassGuidance]?: C };

/** `Yes` for a model that is known to have no classes; otherwise `No`. `K` is what its type knows. */
export type IfNoClasses<K, Yes, No> = [K] extends [WithoutClasses] ? Yes : No;

/**
 * Refuses labels and `cfg` in a sampling of a model without classes. `G` has the fields that are given: beside a guidance,
 * labels are for the classifier that guides.
 */
export type ForClasses<K, G> = IfNoClasses<
  K,
  {
    // a message as a name, because the compiler would compare the members of a list with a string
    readonly labels?: 'guidance' extends keyof G ? unknown : Readonly<Record<Refusal, never>>;
    readonly guidance?: Needs<Refusal>;
  },
  unknown
>;

/** Refuses a trained model `T` without classes, for a sampling with the fields of `G` whose guidance has {@link Needs}. */
export type WithClasses<T, K, G, C> = [C] extends [never]
  ? 'guidance' extends keyof G
    ? T
    : 'labels' extends keyof G
      ? IfNoClasses<K, Refusal, T>
      : T
  : IfNoClasses<K, Refusal, T>;
