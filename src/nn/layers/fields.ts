/** Checks the configurations of layers. */
import { natural } from '../../internal/decode.js';
import { namedFields } from '../../internal/options.js';
import { type Requirement, requirement } from '../../internal/requirement.js';

/** The required fields of layers, as errors describe them. */
const descriptions = {
  inputs: 'a number of channels',
  outputs: 'a number of channels',
  channels: 'a number of channels',
  groups: 'a number of groups',
  heads: 'a number of heads',
  pixels: 'a number of pixels',
  classes: 'a number of classes',
  embedding: 'the length of the embedding',
  timesteps: 'a number of timesteps, an integer ≥ 0',
  size: 'the length of an embedding',
  sinusoid: "'ddpm', 'guided-diffusion' or { first, shift }",
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
