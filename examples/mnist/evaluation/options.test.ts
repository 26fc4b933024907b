import { either as E } from 'fp-ts';
import { describe, expect, test } from 'vitest';
import { decodeEvalOptions, evalUsage } from './options.js';

describe('options of npm run eval', () => {
  test('only the run', () => {
    const expected = { run: 'runs/x', images: 1000, checkpoint: 'best', given: {} };
    expect(decodeEvalOptions(['--run', 'runs/x'])).toEqual(E.right(expected));
  });

  test('all of them', () => {
    const argv =
      '--run runs/x --images 50 --checkpoint newest --backend tfjs-cpu --seed 8 --sampler ddpm:9 --guidance 1';
    expect(decodeEvalOptions(argv.split(' '))).toEqual(
      E.right({
        run: 'runs/x',
        images: 50,
        checkpoint: 'newest',
        given: { backend: 'tfjs-cpu', seed: 8, sampler: 'ddpm:9', guidance: 1 },
      }),
    );
  });

  test('help, which lists all options', () => {
    expect(decodeEvalOptions(['--help'])).toEqual(E.right(null));
    for (const name of ['run', 'images', 'checkpoint', 'backend', 'seed', 'sampler', 'guidance'])
      expect(evalUsage).toContain(`--${name} `);
  });

  test.each([
    [[], '--run: expected the folder of a run, got nothing'],
    [['--run'], '--run: expected a value, got nothing'],
    [['--run', 'a', '--run', 'b'], '--run: expected it once, got twice'],
    [['runs/x'], 'command line: expected options that begin with --, got "runs/x"'],
    [['--run', 'x', '--images', '3'], '--images: expected a whole number ≥ 4, got 3'],
    [['--run', 'x', '--checkpoint', 'last'], '--checkpoint: expected best or newest, got "last"'],
    [
      ['--run', 'x', '--steps', '3'],
      'command line: expected --run, --images, --checkpoint, --backend, --seed, --sampler, --guidance, --help, got --steps',
    ],
  ])('%j', (argv, message) => {
    expect(decodeEvalOptions(argv)).toMatchObject(E.left({ message: `${message}; see npm run eval -- --help` }));
  });
});
