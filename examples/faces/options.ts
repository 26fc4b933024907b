/** The command line. */
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { argumentsOf, row, valueOf } from '../mnist/arguments.js';
import { heldOutRequests, type Request, requestsOf, seenRequests } from './requests.js';

export interface Options {
  readonly steps: number;
  /** The maximum minutes of the training. */
  readonly minutes: number;
  readonly seed: number;
  /** The number of faces that are scored: as many with combinations of the training, and with others. */
  readonly scored: number;
  /** A request for each row of the picture. */
  readonly requests: readonly Request[];
  /** The folder of the run. */
  readonly out: string;
  /** True to continue the training in the folder; a training that has ended only draws. */
  readonly resume: boolean;
  readonly help: boolean;
}

const DEFAULTS = { steps: 2400, minutes: 6, seed: 7, scored: 200, out: 'runs/faces' } as const;

const ABOUT: Readonly<Record<keyof typeof DEFAULTS, string>> = {
  steps: 'steps of the training',
  minutes: 'maximum minutes of the training',
  seed: 'the same seed gives the same faces',
  scored: 'faces to draw for the score, of each kind',
  out: 'folder of the run',
};

export const usage = [
  'npm run demo:faces -- [options]: learns faces by their attributes, then draws what is asked for',
  '',
  ...Object.entries(ABOUT).map(([name, about]) =>
    row(`${name} X`, `${about} (${DEFAULTS[name as keyof typeof DEFAULTS]})`),
  ),
  row('ask "…; …"', 'requests to draw, such as "blue long hair, glasses, happy; top hat, sad"'),
  row('resume', 'continue the training in the folder, or draw with its network if it has ended'),
  row('help', 'print this help'),
].join('\n');

const SEE = 'see npm run demo:faces -- --help';

/** Reads the arguments after the program's name. Returns a `ConfigError` that names the wrong argument. */
export const optionsOf = (argv: readonly string[]): E.Either<NoisefoldError, Options> =>
  F.pipe(
    argv,
    argumentsOf({ options: [...Object.keys(ABOUT), 'ask'], flags: ['resume', 'help'], see: SEE }),
    E.flatMap(({ options, flags }) => {
      const ask = options.get('ask');
      const given = [...options].filter(([name]) => name !== 'ask').map(([name, text]) => [name, valueOf(text)]);
      const values: typeof DEFAULTS = { ...DEFAULTS, ...Object.fromEntries(given) };
      const wrong = (name: keyof typeof DEFAULTS, expected: string) =>
        fail('ConfigError', { where: `--${name}`, expected, actual: `${values[name]}`, hint: SEE });
      const isWhole = (n: unknown, least: number): boolean => Number.isSafeInteger(n) && Number(n) >= least;
      if (!isWhole(values.steps, 1)) return wrong('steps', 'a whole number above 0');
      if (!isWhole(values.scored, 2)) return wrong('scored', 'a whole number above 1');
      if (!isWhole(values.seed, 0)) return wrong('seed', 'a whole number from 0');
      if (!(values.minutes > 0)) return wrong('minutes', 'a number above 0');
      const about = { ...values, out: `${values.out}`, resume: flags.has('resume'), help: flags.has('help') };
      return ask === undefined
        ? E.right({ ...about, requests: [...seenRequests, ...heldOutRequests, {}] })
        : E.map((requests: readonly Request[]): Options => ({ ...about, requests }))(requestsOf('--ask')(ask));
    }),
  );
