/** Fields of the configurations of diffusers. */

type Fields = Readonly<Record<string, unknown>>;

/** The fields that diffusers reads. Private fields, such as the version, begin with an underscore. */
export const publicFields = (config: object): Fields =>
  Object.fromEntries(Object.entries(config).filter(([name]) => !name.startsWith('_')));

/** The public fields that have a value. Nulls are removed, except in the fields of `nullable`. */
export const givenFields = (config: object, nullable: readonly string[] = []): Fields =>
  Object.fromEntries(
    Object.entries(publicFields(config)).filter(([name, value]) => value !== null || nullable.includes(name)),
  );
