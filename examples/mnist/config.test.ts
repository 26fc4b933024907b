import { either as E } from 'fp-ts';
import type { NoisefoldError } from 'noisefold/dsl';
import { describe, expect, test } from 'vitest';
import { type Config, continued, decodeConfig, encodeConfig } from './config.js';
import { partsOf } from './parts.js';
import { recipe, settings } from './recipe.js';

const config: Config = { ...settings, recipe };
const json: Record<string, unknown> = JSON.parse(encodeConfig(config));

const decoded = (value: unknown): E.Either<NoisefoldError, Config> =>
  decodeConfig('run/config.json')(JSON.stringify(value));

const messageOf = (result: E.Either<NoisefoldError, unknown>): string =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag}: ${message}`,
    () => 'accepted',
  )(result);

describe('config.json', () => {
  test('is read as it was written, with all defaults of the model', () => {
    const read = decoded(json);
    const model = { ...recipe.model, conditions: { label: { classes: 10 } } }; // in full
    expect(read).toMatchObject(E.right({ ...config, recipe: { ...recipe, model } }));
    expect(E.flatMap((so: Config) => decodeConfig('')(encodeConfig(so)))(read)).toEqual(read);
  });

  test('the order of its fields does not matter', () => {
    const turned = Object.fromEntries(Object.entries(json).reverse());
    expect(JSON.stringify(decoded(turned))).toBe(JSON.stringify(decoded(json)));
  });

  test.each([
    [{ steps: '760' }, 'run/config.json: steps: expected a whole number ≥ 1, got "760"'],
    [{ minutes: undefined }, 'run/config.json: minutes: expected a number above 0, got nothing'],
    [
      { sampler: 'heun:3' },
      'run/config.json: sampler: expected ddim or ddpm with a number of steps, such as ddim:25, got "heun:3"',
    ],
    [
      { setps: 3 },
      'run/config.json: expected no fields but process, backend, seed, batch, steps, minutes, checkpointEvery, sampler, guidance, recipe, got "setps"',
    ],
    [{ recipe: { ...recipe, clip: -1 } }, 'run/config.json: recipe: clip: expected a number above 0, got -1'],
    [
      { recipe: { ...recipe, labelDropout: 1 } },
      'run/config.json: recipe: labelDropout: expected a rate in [0, 1), got 1',
    ],
    [
      { recipe: [] },
      'run/config.json: recipe: expected { model, learningRate, muonRate, warmupSteps, decaySteps, clip, averageDecay, labelDropout, heldOutEvery, heldOutImages }, got []',
    ],
  ])('%j', (fields, message) => {
    expect(messageOf(decoded({ ...json, ...fields }))).toBe(
      `ConfigError: ${message}; restore the file, or start another run`,
    );
  });

  test.each([
    [
      { bse: 24 },
      /^ConfigError: run\/config\.json: recipe: model, unet\.bse: expected one of the fields base, image, .*, got an unknown field/,
    ],
    [{ groups: 7 }, /^ConfigError: run\/config\.json: recipe: model, unet\.groups: expected a divisor of all channels/],
  ])('an invalid model: %j', (fields, message) => {
    expect(messageOf(decoded({ ...json, recipe: { ...recipe, model: { ...recipe.model, ...fields } } }))).toMatch(
      message,
    );
  });

  // `JSON.stringify` of Node before 26 cannot write it
  test('a setting that is nested too deeply is wrong, like any other', () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const name of Object.keys(json)) {
      const text = JSON.stringify({ ...json, [name]: null }).replace(`"${name}":null`, `"${name}":${nested}`);
      expect(messageOf(decodeConfig('run/config.json')(text))).toMatch(
        new RegExp(`^ConfigError: run/config.json: ${name}: expected .*, got (.*nested too deeply|"?\\[{40,80}…"?; )`),
      );
    }
  });

  test.each(['', '{', '[1,', 'steps: 3'])('no JSON: %j', (text) => {
    expect(messageOf(decodeConfig('run/config.json')(text))).toMatch(
      /^DecodeError: run\/config\.json: expected JSON, got SyntaxError.*; restore the file, or start another run$/,
    );
  });
});

describe('a resumed run', () => {
  test('accepts another end and another sampler', () => {
    expect(continued('runs/x', { steps: 9, minutes: 2, sampler: 'ddim:5' })(config)).toEqual(
      E.right({ ...config, steps: 9, minutes: 2, sampler: 'ddim:5' }),
    );
    expect(continued('runs/x', { minutes: 9 })(config)).toEqual(E.right({ ...config, minutes: 9 }));
  });

  test('runs the requested number of steps without a time limit', () => {
    expect(continued('runs/x', { steps: 9 })(config)).toEqual(E.right({ ...config, steps: 9, minutes: null }));
  });

  test('keeps the settings that its results depend on', () => {
    expect(continued('runs/x', { seed: config.seed })(config)).toEqual(E.right(config));
    expect(messageOf(continued('runs/x', { batch: 5 })(config))).toBe(
      `ConfigError: --batch: expected ${config.batch}, with which the run in runs/x began, got 5; leave the option out, or start another run without --resume`,
    );
  });
});

describe('the recipe', () => {
  test('fits together', () => {
    expect(E.isRight(partsOf(recipe, settings))).toBe(true);
  });

  test('a sampler of more steps than the process has', () => {
    expect(messageOf(partsOf(recipe, { ...settings, sampler: 'ddim:1001' }))).toMatch(
      /^ConfigError: sampler ddim:1001: expected a whole number of steps from 1 to 1000, got 1001; /,
    );
  });
});
