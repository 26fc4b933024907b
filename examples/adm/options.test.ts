import { either as E } from 'fp-ts';
import { describe, expect, test } from 'vitest';
import { optionsOf } from './options.js';

describe('the command line', () => {
  test('has defaults, and takes each option', () => {
    const defaults = { minutes: 8.5, digits: 400, seed: 7, out: 'runs/adm', resume: false, help: false };
    expect(optionsOf([])).toEqual(E.right(defaults));
    expect(optionsOf(['--minutes', '0.5', '--digits', '10', '--seed', '3', '--out', 'x', '--resume'])).toEqual(
      E.right({ ...defaults, minutes: 0.5, digits: 10, seed: 3, out: 'x', resume: true }),
    );
  });

  test.each([
    [['--minutes', '0'], '--minutes: expected a number above 0, got 0'],
    [['--minutes', 'ten'], '--minutes: expected a number above 0, got ten'],
    [['--digits', '9'], '--digits: expected a whole number from 10, got 9'],
    [['--digits', '1e3'], '--digits: expected a whole number from 10, got 1e3'],
    [['--seed', '1.5'], '--seed: expected a whole number from 0, got 1.5'],
    [['--scale', '2'], 'command line: expected --minutes, --digits, --seed, --out, --resume or --help'],
    [['now'], 'command line: expected --minutes, --digits, --seed, --out, --resume or --help'],
  ])('refuses %j', (argv, message) => {
    const read = optionsOf(argv);
    expect(E.isLeft(read) && read.left.message).toContain(message);
  });
});
