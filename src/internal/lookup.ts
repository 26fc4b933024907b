/** Elements that must exist. A missing element is a mistake of this library, not of its user, so it is an exception. */

const defined = <A>(value: A | undefined, what: string): A => {
  if (value === undefined) throw new RangeError(`noisefold: there is no ${what}`);
  return value;
};

/** The element of a list at an index, which may count from the end. */
export const elementAt = <A>(list: readonly A[], index: number): A => defined(list.at(index), `element ${index}`);

/** The value of a map for a key. */
export const entryOf = <K, A>(map: ReadonlyMap<K, A>, key: K): A => defined(map.get(key), 'entry for a key');
