/** Elements that exist. A missing one is a mistake of this library, not of its user: an exception. */

const known = <A>(found: A | undefined, what: string): A => {
  if (found === undefined) throw new RangeError(`noisefold: there is no ${what}`);
  return found;
};

/** The element of a list at an index, which may count from the end. */
export const elementAt = <A>(list: readonly A[], index: number): A => known(list.at(index), `element ${index}`);

/** The value of a map for a key. */
export const entryOf = <K, A>(map: ReadonlyMap<K, A>, key: K): A => known(map.get(key), 'entry for a key');
