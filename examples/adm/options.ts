/** The command line. */
import { parseArgs } from 'node:util';
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { either as E } from 'fp-ts';

export interface Options {
  /** The total time in minutes. */
  readonly minutes: number;
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
  const given = E.tryCatch(
    () => parsed(argv),
    (thrown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
  if (E.isLeft(given)) return wrong('command line', '--minutes, --seed, --out, --resume or --help', given.left);
  const { minutes, seed, ...others } = given.right;
  if (!(Number(minutes) > 0 && Number(minutes) < 1e6)) return wrong('--minutes', 'a number above 0', minutes);
  if (!/^\d{1,9}$/.test(seed)) return wrong('--seed', 'a whole number from 0', seed);
  return E.right({ ...others, minutes: Number(minutes), seed: Number(seed) });
};
