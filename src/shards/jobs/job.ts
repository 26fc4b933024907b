/** A job: a piece of work on a range of items, as data. Equal jobs have equal results, to the bit. */
import { createHash } from 'node:crypto';
import { type NoisefoldError, raise } from '../../internal/errors.js';
import { decode, exactTuple, natural, positive, refined } from '../../internal/decode.js';
import { E, F, t, type either } from '../../internal/fp.js';
import { jsonText, parseJson } from '../../internal/json/json.js';
import { optional, record } from '../../internal/schema.js';
import { errorAt } from '../../formats/safetensors/words.js';
import { type Bits, bits } from './bits.js';

/** A digest of SHA-256 in hexadecimal digits. */
export const digest = refined(t.string, 'a SHA-256 in hexadecimal digits', (x) => /^[\da-f]{64}$/.test(x));

/**
 * The maximum number of items of a job. All labels of a job are read at once, and this must not block the event loop of
 * a worker for long.
 */
const MOST_ITEMS = 2 ** 16;

/** The number of items of a job. */
export const itemCount = refined(positive, `an integer from 1 to ${MOST_ITEMS}`, (n) => n <= MOST_ITEMS);

const jobRecord = record({
  work: t.string,
  bits,
  /** The index of the first item, and the number of items. */
  range: exactTuple([natural, itemCount], '[first, count]'),
  /** The options of the work. The kind of work checks them. */
  options: t.UnknownRecord,
  /** The SHA-256 of the input bytes of the job. */
  input: optional(digest),
});

/** A piece of work. Its name is the SHA-256 of its text. */
export interface Job {
  /** The name of the kind of work. */
  readonly work: string;
  readonly bits: Bits;
  readonly range: readonly [first: number, count: number];
  readonly options: { readonly [name: string]: unknown };
  readonly input?: string;
}

/** The SHA-256 of bytes or of a text, in hexadecimal digits. */
export const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** The text of a job and its digest. Returns a `ConfigError` for options that JSON cannot hold. */
export const textOf = (job: Job): either.Either<NoisefoldError, string> =>
  E.mapLeft(errorAt('ConfigError', 'job', 'give options that JSON can hold'))(jsonText(job));

/** Reads a job that came from outside. Returns a `DecodeError` for anything else. */
export const jobIn = (text: string): either.Either<NoisefoldError, Job> =>
  F.pipe(
    parseJson(text),
    E.flatMap(decode(jobRecord)),
    E.mapLeft(errorAt('DecodeError', 'job', 'give a job that sampleShards or another function of shards made')),
  );

/** Raises `DecodeError` unless bytes or a text have a digest. */
export const demandDigest = (where: string, expected: string, content: Uint8Array | string): void => {
  const actual = sha256(content);
  if (actual !== expected)
    raise('DecodeError', {
      where,
      expected: `bytes with the SHA-256 ${expected}`,
      actual,
      hint: 'send them again',
    });
};
