/** How snapshots identify functions: by their names, and by the settings that functions may state as JSON. */

/** A function, or an object with a name, such as an adaptive draw of times. */
interface Named {
  readonly name: string;
}

/** The name of a function. */
export const nameOf = ({ name }: Named): string => (name === '' ? 'a function' : name);

/** The settings that a function states: `Object.assign(loss, { settings: { power: 1 } })`. */
export const settingsOf = (f: object): unknown => ('settings' in f ? f.settings : undefined);

/**
 * True for a function that has neither a name nor settings, so that it is not known from another one. The name may have
 * an end: `weightedBy` adds a space and more to the name of a loss, `conditioningAugmentation` a comma and more.
 */
export const isAnonymous = (f: Named): boolean => /^($|[ ,])/.test(f.name) && settingsOf(f) === undefined;

/** The name of a function, with its settings if it states some. */
export const identityOf = (f: Named): unknown => {
  const settings = settingsOf(f);
  return settings === undefined ? nameOf(f) : { [nameOf(f)]: settings };
};
