/**
 * Stores fields of a checkpoint or a trained model as strings in the metadata of a file, such that reading recovers the
 * written values.
 */
import { attempt, failure, type NoisefoldError, orRaise } from '../internal/errors.js';
import { decode, exactly, type Mismatch } from '../internal/decode.js';
import { E, type either, F, t } from '../internal/fp.js';
import { jsonText, parseJson } from '../internal/json/json.js';
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
interface Fields<R extends t.Props, P extends t.Props> {
  /** The name of the format. */
  readonly format: string;
  readonly required: R;
  readonly optional: P;
  /** Fields that are strings and are not written as JSON. */
  readonly texts: t.Props;
  /** The hints of errors. */
  readonly hints: { readonly write: string; readonly read: string };
}

/** Writes and reads fields `A`. */
export interface Words<A> {
  readonly write: (where: string, given: object) => either.Either<NoisefoldError, TensorFile['metadata']>;
  readonly read: (where: string, metadata: TensorFile['metadata']) => either.Either<NoisefoldError, A>;
}

const texted = (props: t.Props, texts: t.Props): t.Props =>
  Object.fromEntries(Object.keys(props).map((name) => [name, texts[name] ?? t.string]));

/** Writes fields as strings, and reads them. Returns a `ConfigError` or a `DecodeError` at the first invalid field. */
export const wordsOf = <R extends t.Props, P extends t.Props>({
  format,
  required,
  optional,
  texts,
  hints,
}: Fields<R, P>): Words<t.TypeOf<t.TypeC<R>> & t.TypeOf<t.PartialC<P>>> => {
  const fieldsCodec = exactly(required, optional);
  const wordsCodec = exactly(
    { format: t.literal(format), ...texted(required, texts) },
    { crc32: t.string, ...texted(optional, texts) },
  );
  /** Converts each field, unless it is stored as plain text. */
  const each = (
    fields: object,
    at: (mismatch: Mismatch) => NoisefoldError,
    convert: (value: never) => either.Either<Mismatch, unknown>,
  ) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        name in texts ? value : orRaise(F.pipe(convert(value as never), E.mapLeft(within(name)), E.mapLeft(at))),
      ]),
    );
  return {
    write: (where, given) =>
      attempt(() => {
        const at = errorAt('ConfigError', where, hints.write);
        const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
        orRaise(E.mapLeft(at)(decode(fieldsCodec)(present)));
        return { format, ...each(present, at, jsonText) };
      }),
    read: (where, metadata) =>
      attempt(() => {
        const at = errorAt('DecodeError', where, hints.read);
        const words = orRaise(F.pipe(decode(wordsCodec)(metadata), E.mapLeft(within('__metadata__')), E.mapLeft(at)));
        const { format: _, crc32: __, ...fields } = words;
        return orRaise(E.mapLeft(at)(decode(fieldsCodec)(each(fields, at, parseJson))));
      }),
  };
};
