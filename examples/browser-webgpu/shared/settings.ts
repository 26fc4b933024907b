/** What the address of the page may ask for: `?backend=wasm&recipe=tiny&goal=12`. */
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { type Decoder, oneOf, orNull, record, wholeFrom } from '../../mnist/decoder.js';

export interface Settings {
  /** `auto` is WebGPU where there is one, and else WebAssembly. */
  readonly backend: 'auto' | 'webgpu' | 'wasm';
  /** `tiny` is for tests: it learns in seconds, and not much. */
  readonly recipe: 'digits' | 'tiny';
  readonly seed: number;
  /** How many updates there are to be; null is what the recipe is made for. */
  readonly goal: number | null;
  /** How many steps a drawing takes at first. */
  readonly steps: number;
}

export const defaultSettings: Settings = {
  backend: 'auto',
  recipe: 'digits',
  seed: 7,
  goal: null,
  steps: 20,
};

export const settingsDecoder: Decoder<Settings> = record({
  backend: oneOf('auto', 'webgpu', 'wasm'),
  recipe: oneOf('digits', 'tiny'),
  seed: wholeFrom(0),
  goal: orNull(wholeFrom(1)),
  steps: wholeFrom(1),
});

/** The settings that a query asks for. `ConfigError` for those that the page does not know. */
export const settingsOf = (query: string): E.Either<NoisefoldError, Settings> =>
  F.pipe(
    Object.fromEntries(new URLSearchParams(query)),
    ({ seed = `${defaultSettings.seed}`, goal, steps = `${defaultSettings.steps}`, ...asked }) => ({
      ...defaultSettings,
      ...asked,
      seed: Number(seed),
      goal: goal === undefined ? null : Number(goal),
      steps: Number(steps),
    }),
    settingsDecoder({ where: 'the address', hint: 'the page takes its defaults instead' }),
  );
