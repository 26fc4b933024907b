import { expect, test } from 'vitest';
import { compiled7 } from '../../types/operations/compilers.js';
import { type Module, testPage } from './page.js';

const programs = testPage('docs/shapes.md');
const mistakes = programs.filter(({ message }) => message !== null);

/** The error on the page: the line of the program, the column, and the last line of the message. */
const shown = ({ message, changed }: Module) => {
  const lines = message!.split('\n');
  const marks = lines.findIndex((line) => /^ *~+$/.test(line));
  return {
    line: marks === 0 ? changed : lines[0],
    column: lines[marks]!.indexOf('~'),
    last: lines.at(-1)!.replace(' … ', '').trim(),
  };
};

test('eight programs do not compile, each for a different reason', () => {
  expect(new Set(mistakes.map(({ message }) => message)).size).toBe(8);
});

test('TypeScript 7 gives the same errors', () => {
  const complaints = compiled7(Object.fromEntries(programs.map(({ name, text }) => [name, text])));
  const actual = complaints.map(({ module, line, column, message }) => ({
    module,
    line: programs.find(({ name }) => name === module)!.text.split('\n')[line],
    column,
    last: message.split('\n').at(-1)!.trim(),
  }));
  expect(actual).toEqual(mistakes.map((mistake) => ({ module: mistake.name, ...shown(mistake) })));
});
