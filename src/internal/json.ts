/**
 * Values as JSON and back, without loss and within bounds. `JSON.stringify` alone drops functions, writes NaN as null,
 * and throws on cycles; `JSON.parse` builds trees of any depth.
 */
import { type Mismatch, show } from './decode.js';
import { E, type either, F } from './fp.js';

/** The most arrays and objects that are one inside the other. */
const DEEPEST = 100;

/** The most characters of a text. */
const LONGEST = 2 ** 22;

/** A value inside another that is no JSON. */
interface Objection {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly value: unknown;
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null; // also that of another realm
};

const kindOf = (value: object): string => Object.prototype.toString.call(value).slice('[object '.length, -1);

const search = (root: unknown): Objection | null => {
  let most = LONGEST / 2; // a value and its comma have two characters at least
  const around: object[] = [];

  const visit = (value: unknown, path: readonly (string | number)[]): Objection | null => {
    const no = (expected: string): Objection => ({ path, expected, value });
    if (--most < 0) return no(`JSON of at most ${LONGEST} characters`);
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return null;
    if (typeof value === 'number') return Number.isFinite(value) ? null : no('a finite number');
    if (typeof value === 'bigint') return no('JSON, which has no bigints');
    if (typeof value !== 'object') return no('JSON');
    if (around.includes(value)) return no('JSON, where nothing contains itself');
    if (around.length === DEEPEST) return no(`JSON of at most ${DEEPEST} levels`);
    const isList = Array.isArray(value);
    if (!isList && !isPlain(value)) return no(`JSON, where a ${kindOf(value)} has no place`);
    if ('toJSON' in value || Object.getOwnPropertySymbols(value).length > 0)
      return no('JSON, which has no toJSON and no symbols');
    around.push(value);
    const found = isList ? visitItems(value, path) : visitFields(value, path);
    around.pop();
    return found;
  };

  const visitItems = (items: readonly unknown[], path: readonly (string | number)[]): Objection | null => {
    for (let i = 0; i < items.length; i++) {
      const found = visit(items[i], [...path, i]);
      if (found !== null) return found;
    }
    return null;
  };

  const visitFields = (object: object, path: readonly (string | number)[]): Objection | null => {
    for (const [name, field] of Object.entries(object)) {
      const found = field === undefined ? null : visit(field, [...path, name]);
      if (found !== null) return found;
    }
    return null;
  };

  return visit(root, []);
};

/** Finds the first place where a value is not JSON, or null. A field that is undefined counts as absent. */
export const jsonObjection = (value: unknown): Objection | null => {
  try {
    return search(value);
  } catch {
    return { path: [], expected: 'JSON that can be read', value }; // a getter has thrown
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
      if (++depth > DEEPEST) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
};

/** Parses JSON of at most 100 levels and 4 million characters. */
export const parseJson = (text: string): either.Either<Mismatch, unknown> => {
  const no = (expected: string, actual: string) => E.left({ path: '', expected, actual });
  if (text.length > LONGEST) return no(`JSON of at most ${LONGEST} characters`, `${text.length}`);
  if (tooDeep(text)) return no(`JSON of at most ${DEEPEST} levels`, 'more');
  return E.tryCatch(
    (): unknown => JSON.parse(text),
    (): Mismatch => ({ path: '', expected: 'JSON', actual: show(text) }),
  );
};

/** Writes a value as JSON from which {@link parseJson} makes an equal one. Fields that are undefined are left out. */
export const jsonText = (value: unknown): either.Either<Mismatch, string> => {
  const objection = jsonObjection(value);
  if (objection !== null)
    return E.left({
      path: objection.path.join('.'),
      expected: objection.expected,
      actual: show(objection.value),
    });
  return F.pipe(
    E.tryCatch(
      () => `${JSON.stringify(value)}`,
      (): Mismatch => ({ path: '', expected: 'JSON', actual: 'a value that changes while it is read' }),
    ),
    E.tap(parseJson),
  );
};
