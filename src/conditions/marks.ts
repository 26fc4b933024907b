/** What the types of models and guidances say: the conditions of a model, and what a guidance needs. */
import type { HostValues } from './hostValues.js';

declare const takes: unique symbol;
declare const has: unique symbol;

/** A model that is conditioned on `C`, a configuration of conditions by name. If `C` is `unknown`, it may take any conditions. */
export interface TakesConditions<C> {
  /** Phantom: absent at run time. */
  readonly [takes]?: C;
  /** Phantom: so that a model with conditions is not one without, whose `C` has no fields. */
  readonly [has]?: unknown extends C ? unknown : [keyof C] extends [never] ? false : true;
}

declare const needsConditions: unique symbol;
declare const addsConditions: unique symbol;

/**
 * A guidance that needs the conditions of the names `N`, any condition if `N` is true, and takes those of the names `A` besides
 * those of the model. Of a guidance without this mark the names are not known.
 */
export interface NeedsConditions<out N, out A extends string = never> {
  /** Phantom: absent at run time. */
  readonly [needsConditions]?: N;
  /** Phantom: a list, because from an optional field of the type `never` nothing is inferred. */
  readonly [addsConditions]?: readonly A[];
}

declare const needsGuide: unique symbol;

/** A guidance that needs the parameters `Q` of its guide. */
export interface NeedsGuide<Q> {
  /** Phantom: absent at run time. */
  readonly [needsGuide]?: Q;
}

/** The message about labels and guidance for a model without the condition `label`. */
export type NoLabel = 'the model takes no label: give conditions: { label: 10 } to unet, or guide it by a classifier';

/** The message about guidance for a model without conditions. */
export type NoConditions =
  'the model takes no conditions: give conditions: { label: 10 } to unet, or guide it by a classifier';

/** The message about guidance by a condition that a model does not have. */
export type NoCondition<N> = `the model takes no ${N & string}: give it in the conditions of unet, or leave it out`;

/** The message about values that a model does not take for a condition. */
export type OtherValues<N> =
  `the model takes other values of ${N & string}: a list of its names or numbers, vectors, tokens, or images, by its kind`;

/** `Yes` for a model whose type shows that it has no conditions; otherwise `No`. */
export type IfNoConditions<K, Yes, No> = unknown extends K ? No : [keyof K] extends [never] ? Yes : No;

/** The guidance that a model conditioned on `K` can have, which adds the conditions of the names `A`. */
export type GuidanceFor<K, A extends string = string> = unknown extends K
  ? unknown
  : NeedsConditions<[keyof K] extends [never] ? NoConditions : keyof K | true, A>;

/** The names of the conditions of the configuration `K`: any, if `K` is `unknown`. */
export type NamesIn<K> = unknown extends K ? string : keyof K & string;

/** The values that a caller gives for conditions of the configuration `K`. */
export type ValuesFor<K> = { readonly [N in keyof K]?: HostValues<K[N]> };
