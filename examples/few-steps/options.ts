/** The command line. */
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { argumentsOf, row, valueOf } from '../mnist/arguments.js';

export interface Options {
  /** The folder of a run of `npm run demo -- --process edm`. */
  readonly run: string;
  /** The number of steps of the tuning. */
  readonly steps: number;
  /** The maximum minutes of the tuning. */
  readonly minutes: number;
  /** The number of digits that are scored. */
  readonly digits: number;
  /** The folder of the picture. */
  readonly out: string;
  /** True to compare the methods on the swiss roll instead. */
  readonly methods: boolean;
  readonly help: boolean;
}

const DEFAULTS = { run: 'runs/edm', steps: 500, minutes: 10, digits: 100, out: 'docs' } as const;

const ABOUT: Readonly<Record<keyof typeof DEFAULTS, string>> = {
  run: 'folder of a run of npm run demo -- --process edm',
  steps: 'steps of the tuning',
  minutes: 'maximum minutes of the tuning',
  digits: 'digits to draw in each number of steps, and to score',
  out: 'folder of the picture few-steps.png',
};

export const usage = [
  'npm run example:few-steps -- [options]: tunes the network of a run of the demo to draw digits in 1, 2 and 4 steps',
  '',
  ...Object.entries(ABOUT).map(([name, about]) =>
    row(`${name} X`, `${about} (${DEFAULTS[name as keyof typeof DEFAULTS]})`),
  ),
  row('methods', 'compares the methods of docs/fewsteps.md on the swiss roll instead; needs no run'),
  row('help', 'print this help'),
].join('\n');

const SEE = 'see npm run example:few-steps -- --help';

/** Reads the arguments after the program's name. Returns a `ConfigError` that names the wrong argument. */
export const optionsOf = (argv: readonly string[]): E.Either<NoisefoldError, Options> =>
  F.pipe(
    argv,
    argumentsOf({ options: Object.keys(ABOUT), flags: ['methods', 'help'], see: SEE }),
    E.flatMap(({ options, flags }): E.Either<NoisefoldError, Options> => {
      const values = { ...DEFAULTS, ...Object.fromEntries([...options].map(([name, text]) => [name, valueOf(text)])) };
      const wrong = (name: keyof typeof DEFAULTS, expected: string) =>
        fail('ConfigError', { where: `--${name}`, expected, actual: `${values[name]}`, hint: SEE });
      const isWhole = (n: unknown): boolean => Number.isSafeInteger(n) && Number(n) >= 1;
      if (!isWhole(values.steps)) return wrong('steps', 'a whole number above 0');
      if (!isWhole(values.digits)) return wrong('digits', 'a whole number above 0');
      if (!(values.minutes > 0)) return wrong('minutes', 'a number above 0');
      return E.right({
        ...values,
        run: `${values.run}`,
        out: `${values.out}`,
        methods: flags.has('methods'),
        help: flags.has('help'),
      });
    }),
  );
