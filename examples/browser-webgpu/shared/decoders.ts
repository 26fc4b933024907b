/** Decoders of the parts of messages. */
import { fail } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { type Decoder, record } from '../../mnist/decoder.js';

const that =
  <A>(expected: string, is: (value: unknown) => value is A): Decoder<A> =>
  (place) =>
  (value) =>
    is(value) ? E.right(value) : fail('ConfigError', { ...place, expected, actual: typeof value });

export const text: Decoder<string> = that('text', (value) => typeof value === 'string');
export const bytes: Decoder<Uint8Array<ArrayBuffer>> = that(
  'bytes',
  (value): value is Uint8Array<ArrayBuffer> => value instanceof Uint8Array,
);
export const floats: Decoder<Float32Array<ArrayBuffer>> = that(
  'numbers',
  (value): value is Float32Array<ArrayBuffer> => value instanceof Float32Array,
);
/** A number, including NaN and infinities. */
export const anyNumber: Decoder<number> = that('a number', (value) => typeof value === 'number');

/** An array of decoded elements. */
/* @__NO_SIDE_EFFECTS__ */
export const listOf =
  <A>(decoder: Decoder<A>): Decoder<readonly A[]> =>
  (place) =>
  (value) =>
    Array.isArray(value)
      ? E.traverseArray((item: unknown) => decoder(place)(item))(value)
      : fail('ConfigError', { ...place, expected: 'a list', actual: typeof value });

/** An object whose fields are decoded alike. */
/* @__NO_SIDE_EFFECTS__ */
export const recordOf =
  <A>(decoder: Decoder<A>): Decoder<Readonly<Record<string, A>>> =>
  (place) =>
  (value) =>
    typeof value === 'object' && value !== null
      ? F.pipe(
          listOf(decoder)(place)(Object.values(value)),
          E.map((fields) => Object.fromEntries(Object.keys(value).map((name, i) => [name, fields[i]!]))),
        )
      : fail('ConfigError', { ...place, expected: 'lists by name', actual: typeof value });

interface Tagged {
  readonly _tag: string;
}

/** The decoders of the members of a union, by tag. */
type Members<A extends Tagged> = {
  readonly [T in A['_tag']]: {
    readonly [K in Exclude<keyof Extract<A, { readonly _tag: T }>, '_tag'>]: Decoder<
      Extract<A, { readonly _tag: T }>[K]
    >;
  };
};

/** A member of a tagged union, with exactly its fields. */
/* @__NO_SIDE_EFFECTS__ */
export const tagged =
  <A extends Tagged>(members: Members<A>): Decoder<A> =>
  (place) =>
  (value) => {
    const { _tag: tag, ...fields } = Object(value) as { readonly _tag?: unknown };
    const known = Object.entries<Readonly<Record<string, Decoder<unknown>>>>(members);
    const match = known.find(([name]) => name === tag);
    if (match === undefined)
      return fail('ConfigError', {
        ...place,
        expected: `one of ${known.map(([name]) => name).join(', ')}`,
        actual: `${JSON.stringify(tag)}`,
      });
    const decoded = record<object>(match[1])({ ...place, where: `${place.where}: ${match[0]}` })(fields);
    return E.isLeft(decoded) ? decoded : E.right({ _tag: match[0], ...decoded.right } as unknown as A); // the fields of that member
  };
