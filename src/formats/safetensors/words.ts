/**
 * Stores fields of a checkpoint or a trained model as strings in the metadata of a file. A reader gets back the values
 * that were written.
 */
import { attempt, failure, type NoisefoldError, orRaise } from '../../internal/errors.js';
import { decode, type Mismatch } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { jsonText, parseJson } from '../../internal/json/json.js';
import { type Fields, type Filled, isOptional, optional, record } from '../../internal/schema.js';
import type { TensorFile } from './safetensors.js';

/** Makes the error of a mismatch in a value named `where`. */
export const errorAt =
  (tag: 'ConfigError' | 'DecodeError', where: string, hint: string) =>
  ({ path, expected, actual }: Mismatch): NoisefoldError =>
    failure(tag, { where: path === '' ? where : `${where}: ${path}`, expected, actual, hint });

/** Puts the name of a field before the path of a mismatch. */
const within =
  (field: string) =>
  (mismatch: Mismatch): Mismatch => ({ ...mismatch, path: [field, mismatch.path].filter(Boolean).join('.') });

/** The fields that a file has in its metadata. */
interface FileFields<F extends Fields> {
  /** The name of the format. */
  readonly format: string;
  readonly fields: F;
  /** Fields that are strings and are not written as JSON. */
  readonly texts: t.Props;
  /** The hints of errors. */
  readonly hints: { readonly write: string; readonly read: string };
}

/** Writes and reads fields `A`. */
export interface Words<A> {
  readonly write: (where: string, about: object) => either.Either<NoisefoldError, TensorFile['metadata']>;
  readonly read: (where: string, metadata: TensorFile['metadata']) => either.Either<NoisefoldError, A>;
}

/** The fields as they are stored: one string for each. */
const texted = (fields: Fields, texts: t.Props): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const text = texts[name] ?? t.string;
      return [name, isOptional(field) ? optional(text) : text];
    }),
  );

/** Writes fields as strings, and reads them. Returns a `ConfigError` or a `DecodeError` at the first invalid field. */
export const wordsOf = <const F extends Fields>({ format, fields, texts, hints }: FileFields<F>): Words<Filled<F>> => {
  const fieldsCodec = record(fields);
  const wordsCodec = record({ format: t.literal(format), crc32: optional(t.string), ...texted(fields, texts) });
  /** Converts each field, unless it is stored as plain text. */
  const each = (
    values: object,
    at: (mismatch: Mismatch) => NoisefoldError,
    convert: (value: never) => either.Either<Mismatch, unknown>,
  ) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        name in texts ? value : orRaise(F.pipe(convert(value as never), E.mapLeft(within(name)), E.mapLeft(at))),
      ]),
    );
  return {
    write: (where, about) =>
      attempt(() => {
        const at = errorAt('ConfigError', where, hints.write);
        const present = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined));
        orRaise(E.mapLeft(at)(decode(fieldsCodec)(present)));
        return { format, ...each(present, at, jsonText) };
      }),
    read: (where, metadata) =>
      attempt(() => {
        const at = errorAt('DecodeError', where, hints.read);
        const words = orRaise(F.pipe(decode(wordsCodec)(metadata), E.mapLeft(within('__metadata__')), E.mapLeft(at)));
        const { format: _, crc32: __, ...values } = words;
        return orRaise(E.mapLeft(at)(decode(fieldsCodec)(each(values, at, parseJson))));
      }),
  };
};
