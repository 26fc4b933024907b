/**
 * Tests of the programs on a page. A `ts` block is run, and its claims are checked. A `diff` changes the last program that
 * compiles. A program followed by a `text` block does not compile: the text is one of the errors of TypeScript. Programs may
 * use the declarations of the programs before them.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { declaredIn, type Known, moduleOf, publicNames } from './examples.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Snippet {
  readonly code: string;
  /** The line of the page on which it starts. */
  readonly line: number;
  /** The error of the compiler; null for a program that compiles. */
  readonly message: string | null;
}

const side = (diff: string, sign: string): string =>
  diff
    .split('\n')
    .filter((line) => line.startsWith(sign))
    .map((line) => line.slice(1))
    .join('\n');

/** Applies a diff to a program; throws if the program lacks the lines. */
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

/** Programs as modules that import the declarations of earlier programs; the latest declaration of a name wins. */
const modulesOf = (snippets: readonly Snippet[], names: readonly Known[]): readonly string[] =>
  snippets.reduce<{ readonly modules: readonly string[]; readonly known: readonly Known[] }>(
    ({ modules, known }, { code, line, message }) => {
      const own = message === null ? declaredIn(code, `./line-${line}.js`) : [];
      const isHidden = ({ name }: Known): boolean => own.some((one) => one.name === name);
      return {
        modules: [...modules, moduleOf('dsl', code, known)],
        known: [...own, ...known.filter((one) => !isHidden(one))],
      };
    },
    { modules: [], known: names },
  ).modules;

/** An error as text: the line of code, the marked place, and the message. */
const shown = ({ file, start = 0, length = 0, messageText }: ts.Diagnostic): string => {
  const { line, character } = file!.getLineAndCharacterOfPosition(start);
  const text = file!.text.split('\n')[line]!;
  const indent = text.length - text.trimStart().length;
  const marks = '~'.repeat(Math.min(length, text.length - character));
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  return [text.slice(indent), ' '.repeat(character - indent) + marks, message].join('\n');
};

/** Sorts the alternatives of unions: TypeScript prints them in the order in which it met them. */
const ordered = (message: string): string =>
  message.replaceAll(/"[^"]*"(?: \| "[^"]*")+/g, (union) => union.split(' | ').sort().join(' | '));

const optionsOf = (): ts.CompilerOptions => ({
  ...ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config,
    ts.sys,
    root,
  ).options,
  verbatimModuleSyntax: false,
});

/** Tests the programs of a page, and returns them. */
export const testPage = (page: string): readonly Snippet[] => {
  const snippets = snippetsOf(readFileSync(root + page, 'utf8'));
  const scratch = `${root}.cache/${page.replace('/', '-')}-${process.pid}`;
  const fileOf = ({ line }: Snippet): string => `${scratch}/programs/line-${line}.ts`;
  for (const name of ['programs', 'tmp']) mkdirSync(`${scratch}/${name}`, { recursive: true });
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = `${scratch}/tmp`; // temporary files of the programs are removed with them
  const modules = modulesOf(snippets, publicNames());
  snippets.forEach((snippet, i) => writeFileSync(fileOf(snippet), modules[i]!));
  afterAll(() => {
    rmSync(scratch, { recursive: true });
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });

  const program = ts.createProgram(snippets.map(fileOf), optionsOf());
  const errorsOf = (snippet: Snippet): readonly string[] =>
    program
      .getSemanticDiagnostics(program.getSourceFile(fileOf(snippet)))
      .map(shown)
      .map(ordered);
  const isRight = ({ message }: Snippet): boolean => message === null;
  describe(page, () => {
    test.each(snippets.filter(isRight))('line $line compiles, and its claims hold', async (snippet) => {
      expect(errorsOf(snippet)).toEqual([]);
      await import(pathToFileURL(fileOf(snippet)).href);
    });
    test.each(snippets.filter((snippet) => !isRight(snippet)))(
      'line $line does not compile, with the error on the page',
      (snippet) => {
        expect(errorsOf(snippet)).toContain(ordered(snippet.message!));
      },
    );
  });
  return snippets;
};
