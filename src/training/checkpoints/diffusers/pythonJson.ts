/** JSON as Python writes it: with `Infinity`, `-Infinity` and `NaN`, which become strings. */
import type { NoisefoldError } from '../../../dsl/index.js';
import { errorAt } from '../../../formats/words.js';
import { decode } from '../../../internal/decode.js';
import { E, type either, F, t } from '../../../internal/fp.js';
import { parseJson } from '../../../internal/json.js';

/** A string, or a word that JSON does not have. */
const WORDS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

/** An object of JSON. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Parses the text of a file of Python that holds an object. `DecodeError`, which names the file. */
export const parsePythonJson = (path: string, text: string): either.Either<NoisefoldError, JsonRecord> =>
  F.pipe(
    parseJson(text.replace(WORDS, (word) => (word.startsWith('"') ? word : JSON.stringify(word)))),
    E.flatMap(decode(t.UnknownRecord)),
    E.mapLeft(errorAt('DecodeError', path, 'the file is damaged: use a copy of it')),
  );
