/** The command line. */
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { argumentsOf, row, valueOf } from './arguments.js';
import { settingDecoders } from './config.js';
import type { Decoder } from './decoder.js';
import { BACKENDS, PROCESSES, type Settings, settings } from './recipe.js';

export interface Options {
  /** The folder of the run; null selects one under runs/. */
  readonly out: string | null;
  readonly resume: boolean;
  readonly help: boolean;
  /** The settings on the command line. */
  readonly given: Partial<Settings>;
}

interface SettingOption {
  readonly setting: keyof Settings;
  readonly about: string;
}

const SETTINGS: Readonly<Record<string, SettingOption>> = {
  process: { setting: 'process', about: `${PROCESSES.join(', ')}: the noising process` },
  steps: { setting: 'steps', about: 'updates of the model' },
  minutes: { setting: 'minutes', about: 'maximum minutes of training, unless steps are given' },
  backend: { setting: 'backend', about: BACKENDS.join(', ') },
  seed: { setting: 'seed', about: 'the same seed gives the same digits' },
  batch: { setting: 'batch', about: 'images per step' },
  sampler: { setting: 'sampler', about: 'ddim:STEPS or ddpm:STEPS' },
  guidance: { setting: 'guidance', about: 'guidance scale; 1 is unguided' },
  'checkpoint-every': { setting: 'checkpointEvery', about: 'steps between checkpoints' },
};

export const usage = [
  'npm run demo -- [options]: trains a diffusion model on MNIST, then draws digits',
  '',
  ...Object.entries(SETTINGS).map(([name, { setting, about }]) =>
    row(`${name} X`, `${about} (${settings[setting] ?? 'no limit'})`),
  ),
  row('out FOLDER', 'folder of the run (runs/mnist, or the next free one)'),
  row('resume', 'resume the run in --out, or the latest run'),
  row('help', 'print this help'),
].join('\n');

const SEE = 'see npm run demo -- --help';

const settingsOf = (values: ReadonlyMap<string, string>): E.Either<NoisefoldError, Partial<Settings>> =>
  F.pipe(
    [...values].filter(([name]) => name !== 'out'),
    E.traverseArray(([name, text]) => {
      const { setting } = SETTINGS[name]!; // `argumentsOf` knows no others
      const decode: Decoder<Settings[keyof Settings]> = settingDecoders[setting];
      return E.map((value) => [setting, value] as const)(decode({ where: `--${name}`, hint: SEE })(valueOf(text)));
    }),
    E.map((settings): Partial<Settings> => Object.fromEntries(settings)),
  );

/** Reads the arguments after the program's name. Returns a `ConfigError` that names the wrong argument. */
export const decodeOptions = (argv: readonly string[]): E.Either<NoisefoldError, Options> =>
  F.pipe(
    argv,
    argumentsOf({ options: [...Object.keys(SETTINGS), 'out'], flags: ['resume', 'help'], see: SEE }),
    E.flatMap(({ options, flags }) =>
      E.map((settings: Partial<Settings>) => ({
        out: options.get('out') ?? null,
        resume: flags.has('resume'),
        help: flags.has('help'),
        given: settings,
      }))(settingsOf(options)),
    ),
  );
