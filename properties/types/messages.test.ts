import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { messageOf, programOf, projectOptions } from './operations/typescript.js';

const MARK = '// @ts-expect-error ';
const folder = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => folder + name);

/** The text of a type test without its marks: the line below each is an error. */
const unmarked = (text: string): string => text.replaceAll(MARK, '// expected: ');

/** All errors of the type tests, by file and line; those of options are at `undefined:0`. */
const errorsOf = (): ReadonlyMap<string, readonly string[]> => {
  const texts = new Map(files.map((path) => [path, unmarked(readFileSync(path, 'utf8'))]));
  const program = programOf({ paths: files, options: projectOptions, texts });
  const sources = files.map((path) => program.getSourceFile(path));
  const list = new Map<string, string[]>();
  for (const error of [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...sources.flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]),
  ]) {
    const line = error.file?.getLineAndCharacterOfPosition(error.start ?? 0).line ?? 0;
    const at = `${error.file?.fileName}:${line}`;
    list.set(at, [...(list.get(at) ?? []), messageOf(error)]);
  }
  return list;
};

const errors = errorsOf();

/** The lines that must be an error, each with the words of its message. */
const mistakes = files.flatMap((path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text, line) =>
      text.includes(MARK)
        ? [{ path, line: line + 1, words: text.slice(text.indexOf(MARK) + MARK.length) }] // the line below
        : [],
    ),
);

describe('a wrong shape is one compile error that says what is wrong', () => {
  for (const { path, line, words } of mistakes)
    test(`${path.slice(folder.length)}:${line + 1}: ${words}`, () => {
      const actual = errors.get(`${path}:${line}`) ?? [];
      expect(actual.join('\n')).toContain(words);
      expect(actual).toHaveLength(1);
    });
});

test('all other lines have the types that they state', () => {
  const places = new Set(mistakes.map(({ path, line }) => `${path}:${line}`));
  expect(files.length).toBeGreaterThan(0);
  expect([...errors].filter(([place]) => !places.has(place))).toEqual([]);
});
