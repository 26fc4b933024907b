/** The attributes of a face, their values, and the combinations that training never shows. */

/** The height and the width of a face in pixels: the grid of the style. */
export const SIDE = 16;

/** Height, width and channels of a face. */
export const IMAGE = [SIDE, SIDE, 3] as const;

const values = {
  hair: ['short', 'curly', 'bob', 'long', 'pigtails'],
  hairColor: ['black', 'brown', 'blond', 'orange', 'blue', 'green'],
  skin: ['pale', 'tan', 'dark'],
  mouth: ['happy', 'laughing', 'neutral', 'sad', 'surprised'],
  glasses: ['none', 'clear', 'dark'],
  hat: ['none', 'cap', 'top hat', 'beanie'],
  beard: ['none', 'goatee', 'full'],
  clothing: ['red', 'yellow', 'green', 'blue', 'black', 'white'],
  background: ['blue', 'pink', 'green', 'yellow', 'purple'],
} as const;

/** A value for each attribute. */
export type Attributes = { readonly [A in keyof typeof values]: (typeof values)[A][number] };

export type Attribute = keyof Attributes;

/** The names of the fields of a record, which TypeScript takes for any strings. */
export const namesOf = <R extends object>(record: R) => Object.keys(record) as (keyof R)[];

/** The values of each attribute; the number of a value is its position in the list. */
export const attributes: { readonly [A in Attribute]: readonly Attributes[A][] } = values;

/**
 * The pairs of values that training never shows together; each value alone is in many of its faces. They are 111,813 of the
 * 486,000 combinations of values, 23 %.
 */
export const heldOutPairs: readonly Partial<Attributes>[] = [
  { hair: 'long', hairColor: 'blue' },
  { hair: 'pigtails', beard: 'full' },
  { hairColor: 'green', mouth: 'laughing' },
  { hat: 'top hat', glasses: 'dark' },
  { clothing: 'yellow', background: 'purple' },
];

/** The pairs of values of a face, or of a request that leaves attributes open, which training never shows. */
export const heldOutPairsOf = (face: Partial<Attributes>): readonly Partial<Attributes>[] =>
  heldOutPairs.filter((pair) => namesOf(pair).every((attribute) => face[attribute] === pair[attribute]));

/** Tests if a face, or a request, has a pair of values that training never shows. */
export const isHeldOut = (face: Partial<Attributes>): boolean => heldOutPairsOf(face).length > 0;
