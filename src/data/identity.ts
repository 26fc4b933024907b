/** Identifies functions in snapshots: by their names, and by their settings, which are JSON. */

/** A function, or an object with a name, such as an adaptive draw of times. */
interface Named {
  readonly name: string;
}

/** The name of a function that has none. */
export const NAMELESS = 'a function';

/** The name of a function. */
export const nameOf = ({ name }: Named): string => (name === '' ? NAMELESS : name);

/** The settings that a function states: `Object.assign(loss, { settings: { power: 1 } })`. */
export const settingsOf = (f: object): unknown => ('settings' in f ? f.settings : undefined);

/**
 * Tests for a function that has neither a name nor settings. Other text may follow the missing name: `weightedBy` adds
 * ` weighted by …` to the name of a loss, and `conditioningAugmentation` adds `, with noise …` to that of a condition.
 */
export const isAnonymous = (f: Named): boolean => /^($|[ ,])/.test(f.name) && settingsOf(f) === undefined;

/** The name of a function, with its settings if it states some. */
export const identityOf = (f: Named): unknown => {
  const settings = settingsOf(f);
  return settings === undefined ? nameOf(f) : { [nameOf(f)]: settings };
};
