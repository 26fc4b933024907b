/** The command line. */
import { parseArgs } from 'node:util';
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { either as E } from 'fp-ts';

export interface Options {
  /** The total time in minutes. */
  readonly minutes: number;
  /** The maximum number of digits at each scale. */
  readonly digits: number;
  readonly seed: number;
  readonly out: string;
  readonly resume: boolean;
  readonly help: boolean;
}

export const usage = [
  'npm run example:adm -- [options]: trains a class-conditional denoiser and a noisy classifier on MNIST,',
  'draws digits at several scales of classifier guidance, and scores them',
  '',
  '  --minutes X   total time in minutes (8.5)',
  '  --digits X    at most X digits at each scale (400)',
  '  --seed X      seed of the trainings and the digits (7)',
  '  --out FOLDER  folder of checkpoints and results (runs/adm)',
  '  --resume      resume from the checkpoints in the folder',
  '  --help        print this help',
].join('\n');

const parsed = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '8.5' },
      digits: { type: 'string', default: '400' },
      seed: { type: 'string', default: '7' },
      out: { type: 'string', default: 'runs/adm' },
      resume: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;

const wrong = (where: string, expected: string, actual: string): E.Either<NoisefoldError, never> =>
  fail('ConfigError', { where, expected, actual, hint: 'see npm run example:adm -- --help' });

/** Reads the arguments after the program's name. Returns a `ConfigError` for the first wrong one. */
export const optionsOf = (argv: readonly string[]): E.Either<NoisefoldError, Options> => {
  const values = E.tryCatch(
    () => parsed(argv),
    (thrown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
  if (E.isLeft(values))
    return wrong('command line', '--minutes, --digits, --seed, --out, --resume or --help', values.left);
  const { minutes, digits, seed, ...others } = values.right;
  if (!(Number(minutes) > 0 && Number(minutes) < 1e6)) return wrong('--minutes', 'a number above 0', minutes);
  if (!/^[1-9]\d{1,8}$/.test(digits)) return wrong('--digits', 'a whole number from 10', digits);
  if (!/^\d{1,9}$/.test(seed)) return wrong('--seed', 'a whole number from 0', seed);
  return E.right({ ...others, minutes: Number(minutes), digits: Number(digits), seed: Number(seed) });
};
