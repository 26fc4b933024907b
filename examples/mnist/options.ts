/** The command line. */
import { parseArgs } from 'node:util';
import { fail, type NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { settingDecoders } from './config.js';
import type { Decoder } from './decoder.js';
import { BACKENDS, type Settings, settings } from './recipe.js';

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
  steps: { setting: 'steps', about: 'updates of the model' },
  minutes: { setting: 'minutes', about: 'maximum minutes of training, unless steps are given' },
  backend: { setting: 'backend', about: BACKENDS.join(', ') },
  seed: { setting: 'seed', about: 'the same seed gives the same digits' },
  batch: { setting: 'batch', about: 'images per step' },
  sampler: { setting: 'sampler', about: 'ddim:STEPS or ddpm:STEPS' },
  guidance: { setting: 'guidance', about: 'guidance scale; 1 is unguided' },
  'checkpoint-every': { setting: 'checkpointEvery', about: 'steps between checkpoints' },
};

const FLAGS = ['resume', 'help'] as const;
const NAMES = [...Object.keys(SETTINGS), 'out', ...FLAGS];

const row = (name: string, about: string): string => `  --${name.padEnd(20)}${about}`;

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

/** Converts a number; other text stays text. */
const valueOf = (text: string): string | number =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;

type Token = ReturnType<typeof tokensOf>[number];

const tokensOf = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      NAMES.map((name) => [name, { type: FLAGS.some((flag) => flag === name) ? 'boolean' : 'string' }]),
    ),
    strict: false, // strict mode throws, without a hint
    tokens: true,
    allowPositionals: true,
  }).tokens;

const none: Options = { out: null, resume: false, help: false, given: {} };

const withToken = (options: Options, token: Token): E.Either<NoisefoldError, Options> => {
  if (token.kind !== 'option')
    return fail('ConfigError', {
      where: 'command line',
      expected: 'options that begin with --',
      actual: token.kind === 'positional' ? JSON.stringify(token.value) : '"--"',
      hint: SEE,
    });
  const { name, rawName, value } = token;
  const place = { where: rawName, hint: SEE };
  const option = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
  const flag = FLAGS.find((known) => known === name);
  if (flag !== undefined)
    return value === undefined
      ? E.right({ ...options, [flag]: true })
      : fail('ConfigError', { ...place, expected: 'no value', actual: JSON.stringify(value) });
  if (option === undefined && name !== 'out')
    return fail('ConfigError', {
      where: 'command line',
      expected: NAMES.map((known) => `--${known}`).join(', '),
      actual: rawName,
      hint: SEE,
    });
  if (value === undefined || value === '' || value.startsWith('--'))
    return fail('ConfigError', { ...place, expected: 'a value', actual: value || 'nothing' });
  if (option === undefined) return E.right({ ...options, out: value });
  const decode: Decoder<Settings[keyof Settings]> = settingDecoders[option.setting];
  return F.pipe(
    valueOf(value),
    decode(place),
    E.map((setting) => ({ ...options, given: { ...options.given, [option.setting]: setting } })),
  );
};

/** Reads the arguments after the program's name. `ConfigError` with the wrong argument. */
export const decodeOptions = (argv: readonly string[]): E.Either<NoisefoldError, Options> => {
  const tokens = tokensOf(argv);
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined
    ? tokens.reduce<E.Either<NoisefoldError, Options>>(
        (options, token) => E.flatMap((so: Options) => withToken(so, token))(options),
        E.right(none),
      )
    : fail('ConfigError', { where: `--${twice}`, expected: 'it once', actual: 'twice', hint: SEE });
};
