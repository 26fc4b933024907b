import { either as E } from 'fp-ts';
import type { NoisefoldError } from 'noisefold/dsl';
import { describe, expect, test } from 'vitest';
import { decodeOptions, type Options, usage } from './options.js';

const given = (...argv: readonly string[]): Options =>
  E.getOrElse((error: NoisefoldError): Options => {
    throw new Error(error.message);
  })(decodeOptions(argv));

const complaint = (...argv: readonly string[]): string =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag}: ${message}`,
    () => 'accepted',
  )(decodeOptions(argv));

describe('options', () => {
  test('none', () => {
    expect(given()).toEqual({ out: null, resume: false, help: false, given: {} });
  });

  test('all of them', () => {
    expect(
      given(
        ...['--steps', '20', '--minutes', '1.5', '--backend', 'tfjs-cpu', '--seed=8', '--out', 'runs/x'],
        ...['--batch', '4', '--sampler', 'ddpm:100', '--guidance', '-1', '--checkpoint-every', '5', '--resume'],
      ),
    ).toEqual({
      out: 'runs/x',
      resume: true,
      help: false,
      given: {
        steps: 20,
        minutes: 1.5,
        backend: 'tfjs-cpu',
        seed: 8,
        batch: 4,
        sampler: 'ddpm:100',
        guidance: -1,
        checkpointEvery: 5,
      },
    });
  });

  test.each([
    [['--steps', '0'], '--steps: expected a whole number ≥ 1, got 0'],
    [['--steps', '1.5'], '--steps: expected a whole number ≥ 1, got 1.5'],
    [['--steps', 'many'], '--steps: expected a whole number ≥ 1, got "many"'],
    [['--steps', 'Infinity'], '--steps: expected a whole number ≥ 1, got "Infinity"'],
    [['--steps', ' '], '--steps: expected a whole number ≥ 1, got " "'],
    [['--steps', '--resume'], '--steps: expected a value, got --resume'],
    [['--steps'], '--steps: expected a value, got nothing'],
    [['--steps='], '--steps: expected a value, got nothing'],
    [['--minutes', '0'], '--minutes: expected a number above 0, got 0'],
    [['--minutes', 'null'], '--minutes: expected a number above 0, got "null"'],
    [['--batch', '-3'], '--batch: expected a whole number ≥ 1, got -3'],
    [['--seed', '1e30'], '--seed: expected a whole number ≥ 0, got 1e+30'],
    [
      ['--backend', 'gpu'],
      '--backend: expected wasm, webgpu, auto, reference, tfjs-node-gpu, tfjs-node, tfjs-webgpu, tfjs-wasm or tfjs-cpu, got "gpu"',
    ],
    [
      ['--backend', 'toString'],
      '--backend: expected wasm, webgpu, auto, reference, tfjs-node-gpu, tfjs-node, tfjs-webgpu, tfjs-wasm or tfjs-cpu, got "toString"',
    ],
    [
      ['--sampler', 'euler:5'],
      '--sampler: expected ddim or ddpm with a number of steps, such as ddim:25, got "euler:5"',
    ],
    [['--sampler', '5'], '--sampler: expected ddim or ddpm with a number of steps, such as ddim:25, got "5"'],
    [['--out', ''], '--out: expected a value, got nothing'],
    [['--resume=yes'], '--resume: expected no value, got "yes"'],
    [['--seed', '1', '--seed', '2'], '--seed: expected it once, got twice'],
    [['runs/x'], 'command line: expected options that begin with --, got "runs/x"'],
  ])('%j', (argv, message) => {
    expect(complaint(...argv)).toBe(`ConfigError: ${message}; see npm run demo -- --help`);
  });

  test.each([['--stpes'], ['-s'], ['--toString'], ['--__proto__']])('%s is refused', (name) => {
    expect(complaint(name, '3')).toMatch(/^ConfigError: command line: expected --process, --steps, .*--help, got -/);
  });

  test.each([
    ['--stpes', '--steps'],
    ['--step', '--steps'],
    ['--Backend', '--backend'],
    ['--checkpointEvery', '--checkpoint-every'],
    ['--guidence', '--guidance'],
    ['--epochs', '--steps'],
    ['--resum', '--resume'],
  ])('%s suggests %s', (name, meant) => {
    expect(complaint(name, '3')).toMatch(new RegExp(`, got ${name}; did you mean ${meant}\\?$`));
  });

  test.each([['--lora'], ['-s'], ['--toString']])('%s suggests the help', (name) => {
    expect(complaint(name, '3')).toMatch(/; see npm run demo -- --help$/);
  });

  test('the help lists all options', () => {
    for (const name of ['steps', 'minutes', 'backend', 'seed', 'out', 'batch', 'sampler', 'checkpoint-every', 'resume'])
      expect(usage).toContain(`--${name} `);
  });
});
