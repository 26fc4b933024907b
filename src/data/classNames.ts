import type { Conditions } from '../conditions/conditions.js';
import { raise } from '../internal/errors.js';
import { listed } from '../internal/listed.js';
import type { Names } from './dataset.js';

/** The names of the classes of a model: those of its specifications, or else those of the data of its training. */
export const namesOf = (conditions: Conditions = {}, names: Names = {}): Names =>
  Object.fromEntries(
    Object.entries(conditions).flatMap(([name, spec]) => {
      const known = 'classes' in spec ? (spec.names ?? ownNames(names, name)) : undefined;
      return known === undefined ? [] : [[name, known]];
    }),
  );

/** The names of a condition; undefined for a member of every object, such as 'constructor'. */
const ownNames = (names: Names, name: string) => (Object.hasOwn(names, name) ? names[name] : undefined);

/** Raises `ConfigError` if the data have names that are not classes of the model, or another number of names than the model. */
export const requireKnownNames = (where: string, conditions: Conditions, names: Names = {}): void => {
  for (const [name, spec] of Object.entries(conditions)) {
    const known = ownNames(names, name);
    if (!('classes' in spec) || known === undefined) continue;
    if (spec.names) {
      const other = known.find((each) => !spec.names!.includes(each));
      if (other !== undefined)
        raise('ConfigError', {
          where: `${where}.names.${name}`,
          expected: `names of the classes of the model: ${listed(spec.names)}`,
          actual: `"${other}"`,
          hint: 'make the model with the names of the data; data that are made with `names` of the model say which image it is',
        });
    } else if (known.length !== spec.classes)
      raise('ConfigError', {
        where: `${where}.names.${name}`,
        expected: `${spec.classes} names, as the model has ${spec.classes} classes`,
        actual: `${known.length}`,
        hint: `make the model with conditions: { ${name}: data.names.${name} }, or give data without names`,
      });
  }
};

/** Raises `ConfigError` if a class has different names in `names` and in the training. */
export const requireSameNames = (where: string, training: Names = {}, names: Names = {}, hint: string): void => {
  for (const [condition, known] of Object.entries(training)) {
    const own = names[condition] ?? [];
    const other = own.findIndex((name, label) => label < known.length && name !== known[label]);
    if (other !== -1)
      raise('ConfigError', {
        where: `${where}.names.${condition}`,
        expected: `the classes of the training in their order: ${listed(known)}`,
        actual: `"${own[other]}" for the class ${other}`,
        hint,
      });
  }
};
