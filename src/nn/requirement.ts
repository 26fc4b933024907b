import { raise } from '../dsl/index.js';
import { namedFields } from '../internal/options.js';
import { natural, positive, show } from '../internal/decode.js';

/** Raises `ConfigError` for a number that does not meet a requirement, and for other values; `where` names the option. */
export type Requirement = (where: string, n: number) => void;

/** A requirement on a number: in words, as a test, and with a hint. */
export const requirement =
  (expected: string, holds: (n: number) => boolean, hint: string): Requirement =>
  (where, n) => {
    if (typeof n !== 'number' || !holds(n)) raise('ConfigError', { where, expected, actual: show(n), hint });
  };

export const unchecked: Requirement = () => undefined;

const isFraction = (n: number): boolean => n >= 0 && n < 1;

/** Raises `ConfigError` for the decay of a moving average outside [0, 1). */
export const requireDecay = requirement('a decay in [0, 1)', isFraction, '0.9 and 0.999 are usual');

/** Raises `ConfigError` for a rate of dropout outside [0, 1). */
export const requireRate = requirement(
  'a rate in [0, 1)',
  isFraction,
  'give the fraction that is dropped, such as 0.1',
);

/** Raises `ConfigError` unless a number of `what`, such as heads, divides a number of channels. */
export const requireDivisor = (where: string, what: string, n: number, channels: number): void =>
  requirement(
    `a number of ${what} that divides the ${channels} channels`,
    (divisor) => positive.is(divisor) && channels % divisor === 0,
    'each of them gets the same number of channels',
  )(where, n);

/** The required fields of layers, in the words of errors. */
const descriptions = {
  inputs: 'a number of channels',
  outputs: 'a number of channels',
  channels: 'a number of channels',
  groups: 'a number of groups',
  heads: 'a number of heads',
  classes: 'a number of classes',
  embedding: 'the length of the embedding',
  timesteps: 'a number of timesteps, an integer ≥ 0',
  size: 'the length of an embedding, an even number',
};
type Required = readonly (keyof typeof descriptions)[];

export const described = (names: Required): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, descriptions[name]]));

/**
 * `namedFields` for the configuration of a layer, which checks values too. The required fields are integers of at least 0,
 * except those in `checks`, which also has the optional fields.
 */
export const checkedFields = (
  where: string,
  required: Required,
  checks: Readonly<Record<string, Requirement>> = {},
) => {
  const words = described(required);
  const optional = Object.keys(checks).filter((name) => !Object.hasOwn(words, name));
  const named = namedFields(where, words, optional);
  const count = (what: string) => requirement(`${what}, an integer ≥ 0`, natural.is, 'give it as a number');
  const counts = Object.fromEntries(required.map((name) => [name, count(descriptions[name])]));
  const all = Object.entries({ ...counts, ...checks });
  return <A extends object>(given: A): A => {
    const values = named(given) as Readonly<Record<string, number | undefined>>;
    for (const [name, require] of all) if (values[name] !== undefined) require(`${where}.${name}`, values[name]);
    return given;
  };
};
