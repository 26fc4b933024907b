/** The command line of `npm run eval`. */
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { argumentsOf, row, valueOf } from '../arguments.js';
import { settingDecoders } from '../config.js';
import { type Decoder, oneOf, wholeFrom } from '../decoder.js';
import { BACKENDS, type Settings } from '../recipe.js';

/** The parameters to evaluate: those with the lowest held-out loss, or the newest. */
export const CHECKPOINTS = ['best', 'newest'] as const;

/** The run to evaluate, and how. */
export interface EvalOptions {
  /** The folder of the run. */
  readonly run: string;
  /** The number of digits to draw. */
  readonly images: number;
  readonly checkpoint: (typeof CHECKPOINTS)[number];
  /** Settings that differ from those of the run. */
  readonly given: Partial<Pick<Settings, 'backend' | 'seed' | 'sampler' | 'guidance'>>;
}

const OPTIONS = {
  run: 'folder of the run, as npm run demo writes it',
  images: 'digits to draw (1000)',
  checkpoint: `${CHECKPOINTS.join(' or ')} (best, if the run has one)`,
  backend: `${BACKENDS.join(', ')} (that of the run)`,
  seed: 'seed of the digits (that of the run)',
  sampler: 'ddim:STEPS or ddpm:STEPS (that of the run)',
  guidance: 'guidance scale (that of the run)',
} as const;

export const evalUsage = [
  'npm run eval -- --run FOLDER [options]: scores the digits that a trained model draws',
  '',
  ...Object.entries(OPTIONS).map(([name, about]) => row(`${name} X`, about)),
  row('help', 'print this help'),
].join('\n');

const SEE = 'see npm run eval -- --help';

/**
 * Reads the arguments after the program's name; null stands for --help. Returns a `ConfigError` that names the wrong
 * argument.
 */
export const decodeEvalOptions = (argv: readonly string[]): E.Either<NoisefoldError, EvalOptions | null> =>
  F.pipe(
    E.Do,
    E.bind('given', () => argumentsOf({ options: Object.keys(OPTIONS), flags: ['help'], see: SEE })(argv)),
    E.flatMap(({ given: { options, flags } }): E.Either<NoisefoldError, EvalOptions | null> => {
      if (flags.has('help')) return E.right(null);
      const run = options.get('run');
      if (run === undefined)
        return fail('ConfigError', { where: '--run', expected: 'the folder of a run', actual: 'nothing', hint: SEE });
      const optional = <A>(
        name: keyof typeof OPTIONS,
        decoder: Decoder<A>,
      ): E.Either<NoisefoldError, A | undefined> => {
        const text = options.get(name);
        return text === undefined ? E.right(undefined) : decoder({ where: `--${name}`, hint: SEE })(valueOf(text));
      };
      return F.pipe(
        E.Do,
        E.bind('images', () => optional('images', wholeFrom(4))), // precision and recall need three neighbours of each digit
        E.bind('checkpoint', () => optional('checkpoint', oneOf(CHECKPOINTS))),
        E.bind('backend', () => optional('backend', settingDecoders.backend)),
        E.bind('seed', () => optional('seed', settingDecoders.seed)),
        E.bind('sampler', () => optional('sampler', settingDecoders.sampler)),
        E.bind('guidance', () => optional('guidance', settingDecoders.guidance)),
        E.map(({ images = 1000, checkpoint = 'best', backend, seed, sampler, guidance }) => ({
          run,
          images,
          checkpoint,
          given: {
            ...(backend !== undefined && { backend }),
            ...(seed !== undefined && { seed }),
            ...(sampler !== undefined && { sampler }),
            ...(guidance !== undefined && { guidance }),
          },
        })),
      );
    }),
  );
