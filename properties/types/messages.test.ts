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

/** All errors of the type tests, by file and line. */
const errorsOf = (): ReadonlyMap<string, readonly string[]> => {
  const texts = new Map(files.map((path) => [path, unmarked(readFileSync(path, 'utf8'))]));
  const program = programOf({ paths: files, options: projectOptions, texts });
  const list = new Map<string, string[]>();
  for (const path of files)
    for (const error of program.getSemanticDiagnostics(program.getSourceFile(path))) {
      const line = error.file?.getLineAndCharacterOfPosition(error.start ?? 0).line ?? 0;
      const at = `${path}:${line}`;
      list.set(at, [...(list.get(at) ?? []), messageOf(error)]);
    }
  return list;
};

describe('a wrong shape is one compile error that says what is wrong', () => {
  const errors = errorsOf();
  for (const path of files)
    for (const [line, text] of readFileSync(path, 'utf8').split('\n').entries())
      if (text.includes(MARK)) {
        const words = text.slice(text.indexOf(MARK) + MARK.length);
        test(`${path.slice(folder.length)}:${line + 2}: ${words}`, () => {
          const actual = errors.get(`${path}:${line + 1}`) ?? [];
          expect(actual.join('\n')).toContain(words);
          expect(actual).toHaveLength(1);
        });
      }
});
