import { either as E } from 'fp-ts';
import { expect, test } from 'vitest';
import { optionsOf, usage } from './options.js';

test('options have defaults', () => {
  expect(optionsOf([])).toEqual(
    E.right({ run: 'runs/edm', steps: 500, minutes: 10, digits: 100, out: 'docs', methods: false, help: false }),
  );
  for (const name of ['run', 'steps', 'minutes', 'digits', 'out', 'methods']) expect(usage).toContain(`--${name}`);
});

test('options are read', () => {
  const read = optionsOf(['--run', 'runs/7', '--steps', '5', '--minutes', '0.5', '--methods']);
  expect(E.isRight(read) && read.right).toMatchObject({ run: 'runs/7', steps: 5, minutes: 0.5, methods: true });
});

test.each([
  [['--steps', '0'], '--steps'],
  [['--steps', '1.5'], '--steps'],
  [['--digits', 'x'], '--digits'],
  [['--minutes', '-1'], '--minutes'],
  [['--step', '5'], 'command line'],
])('%j is an error that names the option', (argv, where) => {
  const wrong = optionsOf(argv);
  expect(E.isLeft(wrong) && wrong.left).toMatchObject({ _tag: 'ConfigError', where });
});
