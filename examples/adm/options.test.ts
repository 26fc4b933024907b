import { either as E } from 'fp-ts';
import { describe, expect, test } from 'vitest';
import { optionsOf } from './options.js';

describe('the command line', () => {
  test('has defaults, and takes each option', () => {
    const defaults = { minutes: 8.5, seed: 7, out: 'runs/adm', resume: false, help: false };
    expect(optionsOf([])).toEqual(E.right(defaults));
    expect(optionsOf(['--minutes', '0.5', '--seed', '3', '--out', 'x', '--resume'])).toEqual(
      E.right({ ...defaults, minutes: 0.5, seed: 3, out: 'x', resume: true }),
    );
  });

  test.each([
    [['--minutes', '0'], '--minutes: expected a number above 0, got 0'],
    [['--minutes', 'ten'], '--minutes: expected a number above 0, got ten'],
    [['--seed', '1.5'], '--seed: expected a whole number from 0, got 1.5'],
    [['--scale', '2'], 'command line: expected --minutes, --seed, --out, --resume or --help'],
    [['now'], 'command line: expected --minutes, --seed, --out, --resume or --help'],
  ])('refuses %j', (argv, message) => {
    const read = optionsOf(argv);
    expect(E.isLeft(read) && read.left.message).toContain(message);
  });
});
