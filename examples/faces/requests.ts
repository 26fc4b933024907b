/** Requests: attributes in words, such as "blue long hair, glasses, happy". */
import { unwrap } from 'noisefold';
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { listsOf } from 'noisefold/training';
import { either as E, function as F } from 'fp-ts';
import { suggestion } from '../../src/internal/suggest.js';
import { type Attribute, attributes, type Attributes, namesOf } from './attributes.js';

/** Attributes that faces are asked to have; the others are left open. */
export type Request = Partial<Attributes>;

/** The words for the values of each attribute. */
const words: { readonly [A in Attribute]: (value: Attributes[A]) => string } = {
  hair: (value) => (value === 'bob' || value === 'pigtails' ? value : `${value} hair`),
  hairColor: (value) => `${value} hair`,
  skin: (value) => `${value} skin`,
  mouth: (value) => value,
  glasses: (value) => ({ none: 'no glasses', clear: 'glasses', dark: 'dark glasses' })[value],
  hat: (value) => (value === 'none' ? 'no hat' : value),
  beard: (value) => ({ none: 'no beard', goatee: 'goatee', full: 'full beard' })[value],
  clothing: (value) => `${value} shirt`,
  background: (value) => `${value} background`,
};

const wordsOf = <A extends Attribute>(name: A, value: Attributes[A]): string => words[name](value);

/** The phrase for each value of each attribute. */
const ofValues: readonly (readonly [phrase: string, asked: Request])[] = namesOf(attributes).flatMap(
  (name) => attributes[name].map((value) => [wordsOf(name, value as never), { [name]: value }] as const), // a value of this attribute
);

/** The phrase for each hair with its colour. */
const ofHair = attributes.hair.flatMap((hair) =>
  attributes.hairColor.map((hairColor) => [`${hairColor} ${words.hair(hair)}`, { hair, hairColor }] as const),
);

const ANYTHING = 'anything';

/** The attributes that each phrase asks for. */
const phrases = new Map<string, Request>([...ofValues, ...ofHair, [ANYTHING, {}]]);

/** A request in words: the hair with its colour first. */
export const textOf = ({ hair, hairColor, ...others }: Request): string => {
  const style = hair && words.hair(hair);
  const first = style && hairColor ? `${hairColor} ${style}` : (style ?? (hairColor && words.hairColor(hairColor)));
  const rest = namesOf(others).map((name) => wordsOf(name, others[name] as never)); // a value of this attribute
  return [...(first === undefined ? [] : [first]), ...rest].join(', ') || ANYTHING;
};

const wrong = (where: string, expected: string, actual: string, hint: string) =>
  fail('ConfigError', { where, expected, actual: JSON.stringify(actual), hint });

/** Reads a request. Returns a `ConfigError` for an unknown phrase, and for two values of one attribute. */
export const requestOf =
  (where: string) =>
  (text: string): E.Either<NoisefoldError, Request> =>
    text.split(',').reduce<E.Either<NoisefoldError, Request>>(
      (request, part) =>
        E.flatMap((before: Request) => {
          const phrase = part.trim().replaceAll(/\s+/g, ' ');
          const asked = phrases.get(phrase);
          if (asked === undefined) {
            const meant = suggestion(phrase, [...phrases.keys()]);
            const known = ofValues.map(([each]) => each).join(', ');
            const hint = meant === undefined ? `ask for ${known}, or ${ANYTHING}` : `did you mean ${meant}?`;
            return wrong(where, 'attributes of a face, with commas between them', phrase, hint);
          }
          const twice = namesOf(asked).find((name) => before[name] !== undefined && before[name] !== asked[name]);
          return twice === undefined
            ? E.right({ ...before, ...asked })
            : wrong(where, `one value of ${twice}`, `${before[twice]}, ${asked[twice]}`, 'leave one of them out');
        })(request),
      E.right({}),
    );

/** Reads requests with semicolons between them. */
export const requestsOf =
  (where: string) =>
  (text: string): E.Either<NoisefoldError, readonly Request[]> =>
    F.pipe(text.split(';'), E.traverseArray(requestOf(where)));

/** A request that leaves all attributes open. */
const open: { readonly [A in Attribute]: Attributes[A] | null } = {
  ...{ hair: null, hairColor: null, skin: null, mouth: null, glasses: null, hat: null, beard: null },
  ...{ clothing: null, background: null },
};

/** The values of each attribute for a face of each request, null where it is left open, as `sample` takes them. */
export const conditionsOf = (requests: readonly Request[]) =>
  listsOf(requests.map((request) => ({ ...open, ...request })));

const known = (...texts: readonly string[]): readonly Request[] =>
  texts.map((text) => unwrap(requestOf('requests')(text)));

/** Requests for the picture: combinations of the training. */
export const seenRequests = known(
  'blue curly hair, glasses, happy',
  'blond pigtails, dark skin, laughing, pink background',
  'black short hair, full beard, cap, red shirt',
  'orange bob, pale skin, beanie, sad, green shirt',
  'brown long hair, dark glasses, surprised',
  'goatee, top hat',
);

/** Requests whose values training never shows together. */
export const heldOutRequests = known(
  'blue long hair, glasses, happy',
  'blond pigtails, full beard',
  'green curly hair, laughing, no hat',
  'black bob, top hat, dark glasses',
  'yellow shirt, purple background, orange bob',
);
