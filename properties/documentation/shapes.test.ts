/**
 * The programs of docs/shapes.md. One is run, and its claims are checked; one with a `text` block below it does not compile,
 * and what stands there is an error of TypeScript's; a `diff` changes the last program that was whole.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { moduleOf, publicNames } from './examples.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${root}.cache/shapes-${process.pid}/programs/`;

interface Snippet {
  readonly code: string;
  /** Where it starts in the page. */
  readonly line: number;
  /** What the compiler says; null of a program that compiles. */
  readonly message: string | null;
}

const side = (diff: string, sign: string): string =>
  diff
    .split('\n')
    .filter((line) => line.startsWith(sign))
    .map((line) => line.slice(1))
    .join('\n');

/** A program with the lines of a diff exchanged; fails where it does not have them. */
const patched = (code: string, diff: string): string => {
  const before = side(diff, '-');
  if (!code.includes(before)) throw new Error(`no program has the lines\n${before}`);
  return code.replace(before, side(diff, '+'));
};

const snippetsOf = (page: string): readonly Snippet[] => {
  const blocks = [...page.matchAll(/```(ts|diff|text)\n([\s\S]*?)```/g)];
  return blocks.reduce<readonly Snippet[]>((found, { index, 1: kind, 2: text = '' }, i) => {
    if (kind === 'text') return found;
    const [, next, message] = blocks[i + 1] ?? [];
    const whole = found.findLast((one) => one.message === null);
    const code = kind === 'ts' ? text : patched(whole?.code ?? '', text);
    const line = page.slice(0, index).split('\n').length;
    return [...found, { code, line, message: next === 'text' ? message!.trimEnd() : null }];
  }, []);
};

const snippets = snippetsOf(readFileSync(`${root}docs/shapes.md`, 'utf8')).map((snippet) => ({
  ...snippet,
  file: `${folder}line-${snippet.line}.ts`,
}));

const names = publicNames();
mkdirSync(folder, { recursive: true });
for (const { file, code } of snippets) writeFileSync(file, moduleOf('dsl', code, names));
afterAll(() => rmSync(`${root}.cache/shapes-${process.pid}`, { recursive: true }));

const program = ts.createProgram(
  snippets.map(({ file }) => file),
  {
    ...ts.parseJsonConfigFileContent(
      ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config,
      ts.sys,
      root,
    ).options,
    verbatimModuleSyntax: false,
  },
);

/** The line of an error, what of it is wrong, and why. */
const shown = ({ file, start = 0, length = 0, messageText }: ts.Diagnostic): string => {
  const { line, character } = file!.getLineAndCharacterOfPosition(start);
  const text = file!.text.split('\n')[line]!;
  const indent = text.length - text.trimStart().length;
  const marks = '~'.repeat(Math.min(length, text.length - character));
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  return [text.slice(indent), ' '.repeat(character - indent) + marks, message].join('\n');
};

/** The alternatives of a union, which TypeScript has in the order in which it met them, in that of the alphabet. */
const ordered = (message: string): string =>
  message.replaceAll(/"[^"]*"(?: \| "[^"]*")+/g, (union) => union.split(' | ').sort().join(' | '));

const errorsOf = (file: string): readonly string[] =>
  program.getSemanticDiagnostics(program.getSourceFile(file)).map(shown).map(ordered);

describe('docs/shapes.md', () => {
  const isRight = ({ message }: Snippet): boolean => message === null;
  test.each(snippets.filter(isRight))('line $line compiles, and gives what it says', async ({ file }) => {
    expect(errorsOf(file)).toEqual([]);
    await import(pathToFileURL(file).href);
  });
  test.each(snippets.filter((snippet) => !isRight(snippet)))(
    'line $line does not compile, for the reason given',
    ({ file, message }) => {
      expect(errorsOf(file)).toContain(ordered(message!));
    },
  );
  test('ten programs do not compile', () => {
    expect(snippets.filter((snippet) => !isRight(snippet))).toHaveLength(10);
  });
});
