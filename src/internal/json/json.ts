/**
 * Writes and parses JSON without loss and within limits. `JSON.stringify` alone drops functions, writes NaN as null
 * and throws on cycles; `JSON.parse` accepts trees of any depth.
 */
import { type Mismatch, show } from '../decode.js';
import { E, type either, F, t } from '../fp.js';

/** Maximum nesting depth of arrays and objects. */
const MAX_DEPTH = 100;

/** Maximum length of a text, in characters. */
const MAX_LENGTH = 2 ** 22;

/** A value, at a path inside another, that JSON cannot represent. */
interface NotJson {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly value: unknown;
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // also true for plain objects of other realms
};

/** The built-in kind of a value: `Float32Array`, `Map`; the same for values of other realms. */
export const builtinOf = (value: unknown): string => Object.prototype.toString.call(value).slice('[object '.length, -1);

const search = (root: unknown): NotJson | null => {
  let remaining = MAX_LENGTH + 2; // a value and its comma take at least two characters, which a text adds to its own
  const ancestors: object[] = [];

  const visit = (value: unknown, path: readonly (string | number)[]): NotJson | null => {
    const reject = (expected: string): NotJson => ({ path, expected, value });
    remaining -= typeof value === 'string' ? value.length + 2 : 2;
    if (remaining < 0) return reject(`JSON of at most ${MAX_LENGTH} characters`);
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return null;
    if (typeof value === 'number') return Number.isFinite(value) ? null : reject('a finite number');
    if (typeof value === 'bigint') return reject('JSON, which has no bigints');
    if (typeof value !== 'object') return reject('JSON');
    if (ancestors.includes(value)) return reject('JSON, which has no cycles');
    if (ancestors.length === MAX_DEPTH) return reject(`JSON of at most ${MAX_DEPTH} levels`);
    const isList = Array.isArray(value);
    if (!isList && !isPlain(value)) return reject(`JSON, which has no ${builtinOf(value)}`);
    if ('toJSON' in value || Object.getOwnPropertySymbols(value).length > 0)
      return reject('JSON, without toJSON methods and symbols');
    ancestors.push(value);
    const fault = isList ? visitItems(value, path) : visitFields(value, path);
    ancestors.pop();
    return fault;
  };

  const visitItems = (items: readonly unknown[], path: readonly (string | number)[]): NotJson | null => {
    for (let i = 0; i < items.length; i++) {
      const fault = visit(items[i], [...path, i]);
      if (fault !== null) return fault;
    }
    return null;
  };

  const visitFields = (object: object, path: readonly (string | number)[]): NotJson | null => {
    for (const [name, field] of Object.entries(object)) {
      if (field === undefined) continue;
      remaining -= name.length;
      const fault = visit(field, [...path, name]);
      if (fault !== null) return fault;
    }
    return null;
  };

  return visit(root, []);
};

/** The objection to a value whose JSON is too long if quotes, escapes and digits are counted. Null for other values. */
const tooLong = (value: unknown): NotJson | null => {
  const { length } = JSON.stringify(value);
  return length > MAX_LENGTH ? { path: [], expected: `JSON of at most ${MAX_LENGTH} characters`, value: length } : null;
};

/**
 * Finds the first value that JSON cannot represent within the limits, or null. A field that is undefined counts as
 * absent.
 */
export const findNonJson = (value: unknown): NotJson | null => {
  try {
    return search(value) ?? tooLong(value);
  } catch {
    return { path: [], expected: 'JSON without getters that throw', value }; // a getter threw
  }
};

const tooDeep = (text: string): boolean => {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') {
      if (++depth > MAX_DEPTH) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
};

/** Parses JSON of at most 100 levels and 4 million characters. */
export const parseJson = (text: string): either.Either<Mismatch, unknown> => {
  const reject = (expected: string, actual: string) => E.left({ path: '', expected, actual });
  if (text.length > MAX_LENGTH) return reject(`JSON of at most ${MAX_LENGTH} characters`, `${text.length}`);
  if (tooDeep(text)) return reject(`JSON of at most ${MAX_DEPTH} levels`, 'more');
  return E.tryCatch(
    (): unknown => JSON.parse(text),
    (): Mismatch => ({ path: '', expected: 'JSON', actual: show(text) }),
  );
};

/** Writes a value as JSON that {@link parseJson} turns back into an equal value. Omits fields that are undefined. */
export const jsonText = (value: unknown): either.Either<Mismatch, string> => {
  const objection = findNonJson(value);
  if (objection !== null)
    return E.left({
      path: objection.path.join('.'),
      expected: objection.expected,
      actual: show(objection.value),
    });
  return F.pipe(
    E.tryCatch(
      () => `${JSON.stringify(value)}`,
      (): Mismatch => ({ path: '', expected: 'JSON', actual: 'a value that changes while it is written' }),
    ),
    E.tap(parseJson),
  );
};

/** A value that a checkpoint can hold. */
export const json: t.Type<unknown> = new t.Type<unknown>(
  'JSON',
  (x): x is unknown => findNonJson(x) === null,
  (x, context) => {
    const objection = findNonJson(x);
    if (objection === null) return t.success(x);
    const { path, expected, value } = objection;
    const steps = path.map((key) => ({ key: `${key}`, type: json }));
    return t.failure(value, [...context, ...steps], expected);
  },
  F.identity,
);
