/** The form of a command line: options with a value, and flags. */
import { parseArgs } from 'node:util';
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { either as E } from 'fp-ts';
import { suggestion } from '../../src/internal/suggest.js';

/** The names that a program knows. */
export interface Known {
  readonly options: readonly string[];
  readonly flags: readonly string[];
  /** A hint at the help text, for errors. */
  readonly see: string;
}

/** A parsed command line. */
export interface Arguments {
  /** The text of each given option, in order. */
  readonly options: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

const tokensOf = ({ options, flags }: Known, argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: Object.fromEntries([
      ...options.map((name) => [name, { type: 'string' }] as const),
      ...flags.map((name) => [name, { type: 'boolean' }] as const),
    ]),
    strict: false, // strict mode throws, without a hint
    tokens: true,
    allowPositionals: true,
  }).tokens;

type Token = ReturnType<typeof tokensOf>[number];

const withToken =
  ({ options, flags, see }: Known) =>
  (args: Arguments, token: Token): E.Either<NoisefoldError, Arguments> => {
    const wrong = (where: string, expected: string, actual: string, hint = see) =>
      fail('ConfigError', { where, expected, actual, hint });
    if (token.kind !== 'option') {
      const actual = token.kind === 'positional' ? JSON.stringify(token.value) : '"--"';
      return wrong('command line', 'options that begin with --', actual);
    }
    const { name, rawName, value } = token;
    if (args.options.has(name) || args.flags.has(name)) return wrong(rawName, 'it once', 'twice');
    if (flags.includes(name))
      return value === undefined
        ? E.right({ ...args, flags: new Set([...args.flags, name]) })
        : wrong(rawName, 'no value', JSON.stringify(value));
    if (!options.includes(name)) {
      const names = [...options, ...flags];
      const meant = suggestion(name, names);
      const hint = meant === undefined ? see : `did you mean --${meant}?`;
      return wrong('command line', names.map((known) => `--${known}`).join(', '), rawName, hint);
    }
    if (value === undefined || value === '' || value.startsWith('--'))
      return wrong(rawName, 'a value', value || 'nothing');
    return E.right({ ...args, options: new Map([...args.options, [name, value]]) });
  };

const none: Arguments = { options: new Map(), flags: new Set() };

/** Reads the arguments after the program's name. Returns a `ConfigError` that names the wrong argument. */
export const argumentsOf =
  (known: Known) =>
  (argv: readonly string[]): E.Either<NoisefoldError, Arguments> =>
    tokensOf(known, argv).reduce<E.Either<NoisefoldError, Arguments>>(
      (args, token) => E.flatMap((so: Arguments) => withToken(known)(so, token))(args),
      E.right(none),
    );

/** Converts a number; other text stays text. */
export const valueOf = (text: string): string | number =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;

/** A line of a help text. */
export const row = (name: string, about: string): string => `  --${name.padEnd(20)}${about}`;
