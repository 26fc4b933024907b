/** Programs as modules, and what the compilers say about them. */
import { type Complaint, compiled6, compiled7, entries } from '../operations/compilers.js';
import { programOf, projectOptions } from '../operations/typescript.js';
import type { Program } from './program.js';

/** Entries whose names programs use. If several export a name, the first one counts. */
const ENTRIES = [
  'dsl',
  'nn',
  'diffusion',
  'training',
  'weights',
  'evaluation',
  'shards',
  'terminal',
  'backends/wasm',
  'backends/reference',
];

/** The entry that exports each name. */
const entryOfNames = (): ReadonlyMap<string, string> => {
  const names = ['noisefold', ...ENTRIES.map((entry) => `noisefold/${entry}`)];
  const program = programOf({ paths: names.map((name) => entries[name]!), options: projectOptions });
  const checker = program.getTypeChecker();
  const pairs = names.flatMap((entry) =>
    checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entries[entry]!)!)!)
      .map(({ name }) => [name, entry] as const),
  );
  return new Map(pairs.reverse());
};

const DECLARED = /^(?:declare )?(?:const|let|type|interface|function) (\w+)/gm;
const IMPORTED = /^import \{(.*)\}/gm;

/** The names that a text imports or declares itself. */
const ownNames = (text: string): ReadonlySet<string> =>
  new Set([
    ...[...text.matchAll(DECLARED)].map(([, name]) => name!),
    ...[...text.matchAll(IMPORTED)].flatMap(([, names]) => names!.match(/\w+/g) ?? []),
  ]);

type Entries = ReadonlyMap<string, string>;

/** The imports that a text needs besides its own names, on one line. */
const importsOf = (text: string, own: ReadonlySet<string>, entryOf: Entries): string => {
  const used = [...new Set(text.match(/\b[A-Za-z]\w*\b/g))].filter((name) => entryOf.has(name) && !own.has(name));
  return [...new Set(used.map((name) => entryOf.get(name)!))]
    .map((entry) => `import { ${used.filter((name) => entryOf.get(name) === entry).join(', ')} } from '${entry}';`)
    .join(' ');
};

/** Makes the declarations of a text exports of its module. */
const withExports = (text: string): string => text.replaceAll(DECLARED, (line) => `export ${line}`);

/** A program as a module, which imports the declarations of its group from a module of their own. */
interface Module {
  readonly text: string;
  /** The offset of the program's own text. */
  readonly start: number;
}

const moduleOf = ({ prelude, text }: Program, nameOfPrelude: string, entryOf: Entries): Module => {
  const names = [...ownNames(prelude)].filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  const imports = names.length === 0 ? '' : `import { ${names.join(', ')} } from './${nameOfPrelude}.js';`;
  const before = `${importsOf(text, ownNames(`${prelude}\n${text}`), entryOf)} ${imports}\nexport {};\n`;
  return { text: `${before}${text}\n`, start: before.length };
};

/** An error of a compiler, with its place in the text of the program. */
export interface ErrorIn extends Complaint {
  readonly at: number;
}

export const VERSIONS = [6, 7] as const;

/** The errors of both compilers for a program. */
export interface Judgement {
  readonly program: Program;
  readonly errors: Readonly<Record<(typeof VERSIONS)[number], readonly ErrorIn[]>>;
}

/** Compiles programs, each as a module. Throws if the declarations of a group have an error. */
export const judge = (programs: readonly Program[]): readonly Judgement[] => {
  const entryOf = entryOfNames();
  const preludes = [...new Set(programs.map(({ prelude }) => prelude))];
  const nameOfPrelude = (i: number): string => `prelude${i}`;
  const nameOf = (i: number): string => `program${i}`;
  const modules = programs.map((program) =>
    moduleOf(program, nameOfPrelude(preludes.indexOf(program.prelude)), entryOf),
  );
  const texts = Object.fromEntries([
    ...preludes.map((text, i) => [
      nameOfPrelude(i),
      `${importsOf(text, ownNames(text), entryOf)}\nexport {};\n${withExports(text)}`,
    ]),
    ...modules.map(({ text }, i) => [nameOf(i), text]),
  ]);
  const six = compiled6(texts);
  const seven = compiled7(texts);
  const [wrongPrelude] = preludes.flatMap((_, i) => [
    ...six.complaints(nameOfPrelude(i)),
    ...seven.filter(({ module }) => module === nameOfPrelude(i)),
  ]);
  if (wrongPrelude !== undefined) throw new Error(`the declarations of a group: ${wrongPrelude.message}`);
  const place = (complaints: readonly Complaint[], { text, start }: Module): readonly ErrorIn[] =>
    complaints.map((one) => {
      const lines = text.split('\n').slice(0, one.line);
      return { ...one, at: lines.reduce((length, line) => length + line.length + 1, one.column - start) };
    });
  return programs.map((program, i) => ({
    program,
    errors: {
      6: place(six.complaints(nameOf(i)), modules[i]!),
      7: place(seven.filter(({ module }) => module === nameOf(i)), modules[i]!), // oxfmt-ignore
    },
  }));
};
