/** Marks in the types of models and guidances: a model without classes, a guidance that needs classes or a guide. */

declare const withoutClasses: unique symbol;

/**
 * Says in the type of a model, or of a trained model, that it has no classes. A model without this mark may have
 * classes.
 */
export interface WithoutClasses {
  /** Phantom: absent at run time. */
  readonly [withoutClasses]?: true;
}

/** A model whose type may say that it has no classes: `C` is then true. */
export type SaysOfClasses<C> = { readonly [N in keyof WithoutClasses]?: C };

declare const needsClasses: unique symbol;

/** A guidance that needs a model with classes, as `cfg` does, if `C` is true. */
export interface NeedsClasses<C> {
  /** Phantom: absent at run time. */
  readonly [needsClasses]?: C;
}

declare const needsGuide: unique symbol;

/** A guidance that needs the parameters `Q` of its guide. */
export interface NeedsGuide<Q> {
  /** Phantom: absent at run time. */
  readonly [needsGuide]?: Q;
}

/** The message about labels and guidance for a model without classes. */
export type NoClasses = 'the model has no classes: give `classes` to unet, or guide it by a classifier';

/** `Yes` for a model that is known to have no classes; otherwise `No`. `K` is the type of the model, or its mark. */
export type IfNoClasses<K, Yes, No> = [K] extends [WithoutClasses] ? Yes : No;
