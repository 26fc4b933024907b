/** Parses JSON as Python writes it, with `Infinity`, `-Infinity` and `NaN`, which become strings. */
import type { NoisefoldError } from '../dsl/index.js';
import { errorAt } from '../formats/safetensors/words.js';
import { decode } from '../internal/decode.js';
import { E, type either, F, t } from '../internal/fp.js';
import { parseJson } from '../internal/json/json.js';

/** Words that JSON does not have. */
const WORDS = ['-Infinity', 'Infinity', 'NaN'];

/** The position after the string that begins at `start`; the end of the text if no quote closes it. */
const afterString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
};

/** The text with its {@link WORDS} as strings, in one pass. */
const withStrings = (text: string): string => {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length;) {
    const word = WORDS.find((each) => text.startsWith(each, at));
    if (word !== undefined) {
      parts.push(text.slice(from, at), JSON.stringify(word));
      from = at + word.length;
    }
    if (text[at] === '"') at = afterString(text, at);
    else at += word?.length ?? 1;
  }
  return [...parts, text.slice(from)].join('');
};

/** An object of JSON. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * Parses the text of a file, written by Python, that holds an object. Returns a `DecodeError` that names the file.
 */
export const parsePythonJson = (path: string, text: string): either.Either<NoisefoldError, JsonRecord> =>
  F.pipe(
    parseJson(withStrings(text)),
    E.flatMap(decode(t.UnknownRecord)),
    E.mapLeft(errorAt('DecodeError', path, 'the file is damaged: use a copy of it')),
  );
