/** Programs as modules, and what the compilers say about them. */
import { type Complaint, compiled6, compiled7, entries } from '../operations/compilers.js';
import { programOf, projectOptions } from '../operations/typescript.js';
import type { Program } from './program.js';

/** Entries whose names programs use. If several export a name, the first one counts. */
const ENTRIES = ['dsl', 'nn', 'diffusion', 'training', 'evaluation', 'terminal', 'backends/wasm', 'backends/reference'];

/** The entry that exports each name. */
const entryOfNames = (): ReadonlyMap<string, string> => {
  const names = ['noisefold', ...ENTRIES.map((entry) => `noisefold/${entry}`)];
  const program = programOf({ paths: names.map((name) => entries[name]!), options: projectOptions });
  const checker = program.getTypeChecker();
  const exported = names.flatMap((entry) =>
    checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entries[entry]!)!)!)
      .map(({ name }) => [name, entry] as const),
  );
  return new Map(exported.reverse());
};

const DECLARED = /^(?:declare )?(?:const|let|type|interface|function) (\w+)/gm;
const IMPORTED = /^import \{(.*)\}/gm;

/** The names that a text imports or declares itself. */
const ownNames = (text: string): ReadonlySet<string> =>
  new Set([
    ...[...text.matchAll(DECLARED)].map(([, name]) => name!),
    ...[...text.matchAll(IMPORTED)].flatMap(([, names]) => names!.match(/\w+/g) ?? []),
  ]);

/** The imports that a text needs, on one line. */
const importsOf = (text: string, entryOf: ReadonlyMap<string, string>): string => {
  const own = ownNames(text);
  const used = [...new Set(text.match(/\b[A-Za-z]\w*\b/g))].filter((name) => entryOf.has(name) && !own.has(name));
  return [...new Set(used.map((name) => entryOf.get(name)!))]
    .map((entry) => `import { ${used.filter((name) => entryOf.get(name) === entry).join(', ')} } from '${entry}';`)
    .join(' ');
};

interface Module {
  readonly text: string;
  /** Where the text of the program begins. */
  readonly start: number;
}

const moduleOf = ({ given, text }: Program, entryOf: ReadonlyMap<string, string>): Module => {
  const before = `${importsOf(`${given}\n${text}`, entryOf)}\n${given}\nexport {};\n`;
  return { text: `${before}${text}\n`, start: before.length };
};

/** An error of a compiler, with its place in the text of the program; it is negative in the declarations before it. */
export interface Said extends Complaint {
  readonly at: number;
}

export const VERSIONS = [6, 7] as const;

/** What both compilers say about a program. */
export interface Judged {
  readonly program: Program;
  readonly said: Readonly<Record<(typeof VERSIONS)[number], readonly Said[]>>;
}

/** Compiles programs, each as a module. */
export const judged = (programs: readonly Program[]): readonly Judged[] => {
  const entryOf = entryOfNames();
  const modules = programs.map((program) => moduleOf(program, entryOf));
  const nameOf = (i: number): string => `program${i}`;
  const texts = Object.fromEntries(modules.map(({ text }, i) => [nameOf(i), text]));
  const six = compiled6(texts);
  const seven = compiled7(texts);
  const placed = (complaints: readonly Complaint[], { text, start }: Module): readonly Said[] =>
    complaints.map((one) => {
      const lines = text.split('\n').slice(0, one.line);
      return { ...one, at: lines.reduce((length, line) => length + line.length + 1, one.column - start) };
    });
  return programs.map((program, i) => ({
    program,
    said: {
      6: placed(six.complaints(nameOf(i)), modules[i]!),
      7: placed(seven.filter(({ module }) => module === nameOf(i)), modules[i]!), // prettier-ignore
    },
  }));
};
