/** Additions to io-ts: types of values with readable reports. Records of options are in `schema.ts`. */
import { isEither } from './either.js';
import { failure, thrownError } from './errors.js';
import { E, F, RA, t, type either } from './fp.js';
import { restOf, suggestion } from './suggest.js';

/** A mismatch: a value that is not as expected, such as `conv.shape.0: expected an integer ≥ 0, got "three"`. */
export interface Mismatch {
  /** The path to the value, joined by dots; empty for the whole. */
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
  /** The field that the caller may have meant by an unknown field. */
  readonly meant?: string;
  /** Advice about this value, in place of the hint of the whole. */
  readonly hint?: string;
}

/** Turns a mismatch into the fields of an error; `where` names the value that was decoded. */
export const explained =
  (where: string, hint: string) =>
  ({ path, expected, actual, meant, hint: own = hint }: Mismatch) => ({
    where: path === '' ? where : `${where}.${path}`,
    expected,
    actual,
    hint: meant === undefined ? own : `did you mean ${meant}?`,
  });

/** A placeholder for the value of a field that an object should not have. */
export const UNKNOWN = 'an unknown field';

const WORK = Symbol('work');

/** The method `then` of work: `await` calls it, and would otherwise give the work itself, which then never runs. */
const refuseAwait = (_: unknown, reject: (error: Error) => void): void =>
  reject(
    thrownError(
      failure('ConfigError', {
        where: 'await',
        expected: 'a promise',
        actual: 'work that has not run',
        hint: 'write await nf.run(…)',
      }),
    ),
  );

/**
 * Marks a function as work, for reports about work that a caller gives in place of its result. `await` of work rejects,
 * because JavaScript has no types that could refuse it.
 */
export const asWork = <W extends object>(work: W): W =>
  Object.defineProperties(work, {
    [WORK]: { value: true, configurable: true },
    then: { value: refuseAwait, configurable: true },
  });

/** Tests for work that has not run. */
export const isWork = (x: unknown): boolean => typeof x === 'function' && WORK in x;

const LONGEST = 60;

/** Describes a value in a few words, without the contents of an object; an array of numbers by its type. */
export const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (isEither(value)) return 'an Either';
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'function') return isWork(value) ? 'work that has not run' : 'a function';
  if (typeof value === 'string') return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name.startsWith('I') ? 'an' : 'a'} ${value.constructor.name}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
};

/** Advice about a result that holds the value, or about work that gives it; null for other values. */
const remedyFor = (value: unknown): string | null => {
  if (isEither(value)) return 'take the value out of it by unwrap or E.flatMap';
  if (isWork(value)) return 'write await nf.run(…)';
  return value instanceof Promise ? 'await it' : null;
};

/** True for a union or an intersection: io-ts counts its members as steps of the path. */
const branches = (entry: t.ContextEntry | undefined): boolean =>
  entry?.type instanceof t.UnionType || entry?.type instanceof t.IntersectionType;

/** The words of a report about a value that a type refuses. */
interface Words {
  readonly expected: string;
  /** Default: a description of the value. */
  readonly actual?: string;
  readonly hint?: string;
  readonly meant?: string | undefined;
}

/** A type that accepts nothing, for the words about a value in a report. It has the hint of the type that refuses the value. */
interface Refusal extends t.Type<never> {
  readonly words: Words;
  readonly hint: string | undefined;
}

const hintOf = (type: t.Decoder<unknown, unknown>): string | undefined =>
  'hint' in type && typeof type.hint === 'string' ? type.hint : undefined;

const wordsIn = ({ context }: t.ValidationError): Words | undefined => {
  const type = context.at(-1)?.type;
  return type !== undefined && 'words' in type ? (type as Refusal).words : undefined;
};

/** Refuses a value in words of its own, which may depend on it. */
export const refuseValue = (value: unknown, context: t.Context, words: Words): t.Validation<never> => {
  const none = new t.Type<never>(words.expected, (_): _ is never => false, t.failure, F.identity);
  const entry = context.at(-1)!;
  const last = { ...entry, type: Object.assign(none, { words, hint: hintOf(entry.type) }) };
  // the report uses these words in a union too, because the name of the union is less precise
  return t.failure(value, [...context.slice(0, -1), last], words.expected);
};

/** Lists the possible names: `one of the fields a, b`. */
export const listOf = (noun: string, names: readonly string[]): string => {
  if (names.length === 0) return `no ${noun}s`;
  return names.length === 1 ? `the ${noun} ${names[0]}` : `one of the ${noun}s ${names.join(', ')}`;
};

/** Refuses a field that an object should not have. */
export const unknownField = (
  record: Readonly<Record<string, unknown>>,
  name: string,
  names: readonly string[],
  context: t.Context,
): t.Validation<never> => {
  const isGiven = (known: string): boolean => record[known] !== undefined;
  // of equally similar names, prefer one that is not given
  const meant = suggestion(name, [...names.filter((known) => !isGiven(known)), ...names.filter(isGiven)]);
  const isLong = names.length > 10; // in a long list, the similar name comes first
  const rest = meant === undefined ? '' : restOf(name, meant);
  const also = meant !== undefined && rest === '' && isGiven(meant) ? ', which is given too' : '';
  return refuseValue(record[name], t.appendContext(context, name, t.never), {
    expected: listOf(
      'field',
      isLong && meant !== undefined ? [meant, ...names.filter((known) => known !== meant)] : names,
    ),
    actual: UNKNOWN,
    meant: meant && meant + rest + also,
  });
};

/** The entries of a context that are steps on the way to a value. */
const stepsOf = (context: t.Context): t.Context => context.filter((_, i) => i > 0 && !branches(context[i - 1]));

/** Writes a name in a path. A name from a file may be any text. */
const inPath = (name: string): string => (/^[\w./:-]{1,60}$/.test(name) ? name : show(name));

/** The hint of a type, or of the innermost type around it that has one. */
const hintIn = (context: t.Context): string | undefined => context.flatMap(({ type }) => hintOf(type) ?? []).at(-1);

const mismatch = (error: t.ValidationError): Mismatch => {
  const { value, context, message } = error;
  const words = wordsIn(error);
  const hint = remedyFor(value) ?? words?.hint ?? (words?.actual === UNKNOWN ? undefined : hintIn(context));
  return {
    path: stepsOf(context)
      .map(({ key }) => inPath(key))
      .join('.'),
    expected: message ?? (branches(context.at(-2)) ? context.at(-2) : context.at(-1))?.type.name ?? 'another value',
    actual: words?.actual ?? show(value),
    ...(words?.meant === undefined ? {} : { meant: words.meant }),
    ...(hint === undefined ? {} : { hint }),
  };
};

/**
 * Selects the error to report: the first one. Inside a union it selects the error of the alternative in which a field
 * is misspelt, or else the deepest error.
 */
const mostTelling = (errors: t.Errors): t.ValidationError | undefined => {
  const [first] = errors;
  const union = first?.context.findIndex(({ type }) => type instanceof t.UnionType) ?? -1;
  if (first === undefined || union === -1) return first;
  const alternatives = errors.filter(({ context }) =>
    first.context.slice(0, union + 1).every(({ key }, i) => context[i]?.key === key),
  );
  const depth = (error: t.ValidationError): number =>
    stepsOf(error.context).length - (wordsIn(error)?.actual === UNKNOWN ? 0.5 : 0);
  const deepest = alternatives.reduce((a, b) => (depth(b) > depth(a) ? b : a));
  return alternatives.find((error) => wordsIn(error)?.meant !== undefined) ?? deepest;
};

/** Decodes a value. Of several mismatches it reports one. */
export const decode =
  <A>(codec: t.Decoder<unknown, A>) =>
  (value: unknown): either.Either<Mismatch, A> =>
    F.pipe(
      // `codec.decode` does not know a hint, which is a member of a copy
      codec.validate(value, [{ key: '', type: codec as t.Decoder<unknown, A>, actual: value }]),
      E.mapLeft((errors) => mismatch(mostTelling(errors) ?? { value, context: [] })),
    );

/** A tuple of exactly these values. The `tuple` of io-ts drops further values silently, and takes at most five. */
/* @__NO_SIDE_EFFECTS__ */
export const exactTuple = <const C extends readonly [t.Mixed, ...t.Mixed[]]>(
  codecs: C,
  name: string,
): t.Type<{ readonly [K in keyof C]: t.TypeOf<C[K]> }> => {
  type Values = { readonly [K in keyof C]: t.TypeOf<C[K]> };
  const are = (value: unknown): value is Values =>
    Array.isArray(value) && value.length === codecs.length && codecs.every((codec, i) => codec.is(value[i]));
  const validate: t.Validate<unknown, Values> = (value, context) => {
    if (!Array.isArray(value) || value.length > codecs.length) return t.failure(value, context);
    const each = codecs.map((codec, i) => codec.validate(value[i], t.appendContext(context, `${i}`, codec, value[i])));
    const { left: errors, right: values } = RA.separate(each);
    return are(values) ? t.success(values) : t.failures(errors.flat());
  };
  return new t.Type<Values>(name, are, validate, F.identity);
};

/** Accepts the values that pass a test, and returns them unchanged. */
/* @__NO_SIDE_EFFECTS__ */
export const tested = <A>(name: string, is: t.Is<A>): t.Type<A> =>
  new t.Type<A>(name, is, (value, context) => (is(value) ? t.success(value) : t.failure(value, context)), F.identity);

/** Accepts the values of a codec that satisfy a condition, and returns them unchanged. */
/* @__NO_SIDE_EFFECTS__ */
export const refined = <A>(codec: t.Type<A>, name: string, holds: (a: A) => boolean): t.Type<A> =>
  tested(name, (value): value is A => codec.is(value) && holds(value));

/** A type with a hint for values that it refuses. */
/* @__NO_SIDE_EFFECTS__ */
export const hinted = <A>(codec: t.Type<A, unknown>, hint: string): t.Type<A> =>
  // the prototype stays, because reports tell unions from other types by it
  Object.assign(Object.create(Object.getPrototypeOf(codec)), codec, { hint });

/** A codec that refuses some values in words of its own. `words` returns null for values that `codec` decides. */
/* @__NO_SIDE_EFFECTS__ */
export const withRefusal = <A>(codec: t.Type<A, unknown>, words: (value: unknown) => Words | null): t.Type<A> =>
  new t.Type<A>(
    codec.name,
    codec.is,
    (value, context) => {
      const about = words(value);
      return about === null ? codec.validate(value, context) : refuseValue(value, context, about);
    },
    F.identity,
  );

/** A function. Its type `F` is asserted: a codec cannot check it. */
/* @__NO_SIDE_EFFECTS__ */
export const functionOf = <F>(name: string): t.Type<F> =>
  tested(name, (value): value is F => typeof value === 'function');

/** Numbers on the host: a plain array does not tell their dtype. */
export const hostArray = refined(t.unknown, 'a Float32Array, Float64Array, Int32Array or Uint8Array', (x) =>
  [Float32Array, Float64Array, Int32Array, Uint8Array].some((kind) => x instanceof kind),
);

/** An integer ≥ 0 that a JavaScript number holds exactly. */
export const natural = refined(t.number, 'an integer ≥ 0', (n) => Number.isSafeInteger(n) && n >= 0);
/** An integer ≥ 1. */
export const positive = refined(natural, 'an integer ≥ 1', (n) => n >= 1);
/** A word of a random key: an unsigned 32-bit integer. */
export const word = refined(natural, 'an integer from 0 to 2^32 - 1', (n) => n < 2 ** 32);
/** A number that is neither NaN nor infinite. */
export const finite = refined(t.number, 'a finite number', Number.isFinite);
/** A finite number ≥ 0. */
export const amount = refined(finite, 'a finite number ≥ 0', (n) => n >= 0);
/** A finite number above 0. */
export const aboveZero = refined(finite, 'a finite number above 0', (n) => n > 0);
/** A number that is added to a variance. */
export const epsilon = hinted(amount, '1e-5 is usual, 1e-6 in DDPM');
/** A number. The caller compares it with other numbers. */
export const numberOf = (name: string): t.Type<number> => refined(t.number, name, () => true);

/** A key on the host. */
export const hostKey = exactTuple([word, word], 'a key: key(7)');

/** A number from 0 to 1. */
export const share = refined(finite, 'a number from 0 to 1', (n) => n >= 0 && n <= 1);

const isFraction = (n: number): boolean => n >= 0 && n < 1;
/** The decay of a moving average. */
export const decay = hinted(refined(t.number, 'a decay in [0, 1)', isFraction), '0.9 and 0.999 are usual');
/** A rate of dropout. */
export const rate = hinted(
  refined(t.number, 'a rate in [0, 1)', isFraction),
  'give the fraction that is dropped, such as 0.1',
);

/** One of some strings; its name lists them: `'a', 'b' or 'c'`. */
/* @__NO_SIDE_EFFECTS__ */
export const oneOf = <const W extends string>(...words: readonly [W, ...W[]]) => {
  const listed = words.map((each) => `'${each}'`);
  const names = Object.fromEntries(words.map((each) => [each, null])) as { readonly [K in W]: null };
  return t.keyof(names, [listed.slice(0, -1).join(', '), listed.at(-1)].filter((part) => part !== '').join(' or '));
};

/** A field for which noisefold supports only one value; arrays are compared by their elements. */
export const only = <A extends string | number | boolean | null | readonly never[]>(value: A): t.Type<A> => {
  const text = JSON.stringify(value);
  return tested(`${text}, the only value that noisefold supports`, (x): x is A => JSON.stringify(x) === text);
};

/** A list of at least one value. */
/* @__NO_SIDE_EFFECTS__ */
export const listOfSome = <A>(item: t.Type<A, unknown>, name: string): t.Type<readonly A[]> => {
  const list = t.readonlyArray(item, name);
  return new t.Type(
    name,
    (value): value is readonly A[] => list.is(value) && value.length > 0,
    (value, context) =>
      Array.isArray(value) && value.length === 0 ? t.failure(value, context) : list.validate(value, context),
    F.identity, // lists are not encoded
  );
};
