/**
 * The programs of a page. A program is run, and its claims are checked. A program with a `text` block below it does not
 * compile, and the block is its one error. A `diff` changes the last program that compiles; lines of it that start with
 * `!` are the one error of the change, in brief. A program may use what those before it import and declare, and
 * then declares no name again, so that a reader can paste them into one file. A program that uses nothing of theirs
 * begins another file.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type ts from 'typescript';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { messageOf, programOf, projectOptions, root } from '../../types/operations/typescript.js';
import { declaredIn, importedIn, type Known, moduleOf, usedIn } from '../examples.js';

export interface Snippet {
  readonly code: string;
  /** The line of the page on which it starts. */
  readonly line: number;
  /** The error of the compiler; null for a program that compiles. */
  readonly message: string | null;
  /** The last line that a diff adds, if the message is brief. */
  readonly changed: string | null;
  /** Tests if it is a program of the page, not a change of one. */
  readonly isProgram: boolean;
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
  return blocks.reduce<readonly Snippet[]>((snippets, { index, 1: kind, 2: text = '' }, i) => {
    if (kind === 'text') return snippets;
    const [, next, message] = blocks[i + 1] ?? [];
    const whole = snippets.findLast((one) => one.message === null);
    const code = kind === 'ts' ? text : patched(whole?.code ?? '', text);
    const line = page.slice(0, index).split('\n').length;
    const brief = kind === 'diff' ? side(text, '!').trimEnd() : '';
    const isProgram = kind === 'ts';
    const changed = brief === '' ? null : side(text, '+').split('\n').at(-1)!;
    const below = next === 'text' ? message!.trimEnd() : null;
    return [...snippets, { code, line, message: brief === '' ? below : brief, changed, isProgram }];
  }, []);
};

type Names = ReadonlyMap<string, Known>;

/** A program as a module, and the names for which a reader could not paste it below the programs that it continues. */
interface Continued {
  readonly text: string;
  /** Names that it declares again. */
  readonly again: readonly string[];
  /** The names that it uses, if they are of several files. */
  readonly mixed: readonly string[];
}

/** The programs of a page, and the names of each file that they make up. */
interface Files {
  readonly modules: readonly Continued[];
  readonly files: readonly Names[];
}

/** Adds a program to the last file that has the names that it uses, or begins a file if it uses none. */
const withProgram = ({ modules, files }: Files, { code, line, message, isProgram }: Snippet): Files => {
  const everywhere: Names = new Map(files.flatMap((names) => [...names]));
  const used = usedIn(code, (name) => everywhere.get(name));
  const at =
    used.length === 0 ? files.length : files.findLastIndex((names) => used.every(({ name }) => names.has(name)));
  const names: Names = (at < 0 ? everywhere : files[at]) ?? new Map();
  const own = [...importedIn(code), ...declaredIn(code, `./line-${line}.js`)];
  const added: Names = new Map([...names, ...own.map((one) => [one.name, one] as const)]);
  return {
    modules: [
      ...modules,
      {
        text: moduleOf(code, (name) => names.get(name)),
        again: isProgram ? own.map(({ name }) => name).filter((name) => names.has(name)) : [],
        mixed: at < 0 ? used.map(({ name }) => name) : [],
      },
    ],
    files: message !== null || at < 0 ? files : [...files.slice(0, at), added, ...files.slice(at + 1)],
  };
};

/** An error as text: the line of code, the marked place, and the message. */
const shown = (error: ts.Diagnostic): string => {
  const { file, start = 0, length = 0 } = error;
  const { line, character } = file!.getLineAndCharacterOfPosition(start);
  const text = file!.text.split('\n')[line]!;
  const indent = text.length - text.trimStart().length;
  const marks = '~'.repeat(Math.min(length, text.length - character));
  return [text.slice(indent), ' '.repeat(character - indent) + marks, messageOf(error)].join('\n');
};

/** Lines of a message that only say that a function has several forms. */
const OVERLOADS = /^\s*(No overload matches this call|The last overload gave the following error)\.$/;

/** The same in brief: the marked line, if the diff does not end with it, and the first and the last line of the message. */
const briefly = (error: ts.Diagnostic, changed: string): string => {
  const { file, start = 0, length = 0 } = error;
  const { line, character } = file!.getLineAndCharacterOfPosition(start);
  const text = file!.text.split('\n')[line]!;
  const marks = ' '.repeat(character) + '~'.repeat(Math.min(length, text.length - character));
  const [first = '', ...more] = messageOf(error)
    .split('\n')
    .filter((one) => !OVERLOADS.test(one))
    .map((one) => one.trim());
  const last = more.at(-1);
  return [...(text === changed ? [] : [text]), marks, ` ${first}`, ...(last === undefined ? [] : [` … ${last}`])].join(
    '\n',
  );
};

/** A message with the alternatives of each union in alphabetical order: TypeScript orders them by their first use. */
const ordered = (message: string): string =>
  message.replaceAll(/"[^"]*"(?: \| "[^"]*")+/g, (union) => union.split(' | ').sort().join(' | '));

/** A program, as the module that is compiled. */
export interface Module extends Snippet {
  readonly name: string;
  readonly text: string;
}

/** Works in a folder until the tests of the file have run, then removes it. */
export const workIn = (folder: string): void => {
  const before = process.cwd();
  process.chdir(folder);
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });
};

/** Tests the programs of a page, whose text may be changed without moving lines, and returns them. */
export const testPage = (page: string, changed: (text: string) => string = (text) => text): readonly Module[] => {
  const snippets = snippetsOf(changed(readFileSync(root + page, 'utf8')));
  const scratch = `${root}.cache/${page.replace('/', '-')}-${process.pid}`;
  const nameOf = ({ line }: Snippet): string => `line-${line}`;
  const fileOf = (snippet: Snippet): string => `${scratch}/programs/${nameOf(snippet)}.ts`;
  for (const name of ['programs', 'tmp']) mkdirSync(`${scratch}/${name}`, { recursive: true });
  vi.stubEnv('TMPDIR', `${scratch}/tmp`); // temporary files of the programs are removed with them
  const { modules } = snippets.reduce(withProgram, { modules: [], files: [] });
  snippets.forEach((snippet, i) => writeFileSync(fileOf(snippet), modules[i]!.text));
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(scratch, { recursive: true });
  });

  const program = programOf({
    paths: snippets.map(fileOf),
    options: projectOptions,
  });
  const errorsOf = (snippet: Snippet): readonly string[] =>
    program
      .getSemanticDiagnostics(program.getSourceFile(fileOf(snippet)))
      .map((error) => (snippet.changed === null ? shown(error) : briefly(error, snippet.changed)))
      .map(ordered);
  const isRight = ({ message }: Snippet): boolean => message === null;
  describe(page, () => {
    test.each(snippets.filter(isRight))('line $line compiles, and its claims hold', async (snippet) => {
      expect(modules[snippets.indexOf(snippet)]).toMatchObject({ again: [], mixed: [] });
      expect(errorsOf(snippet)).toEqual([]);
      await import(pathToFileURL(fileOf(snippet)).href);
    });
    test.each(snippets.filter((snippet) => !isRight(snippet)))(
      'line $line does not compile, and the error on the page is the only one',
      (snippet) => {
        expect(errorsOf(snippet)).toEqual([ordered(snippet.message!)]);
      },
    );
  });
  return snippets.map((snippet, i) => ({ ...snippet, name: nameOf(snippet), text: modules[i]!.text }));
};
