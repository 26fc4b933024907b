/** Modules compiled by both versions of TypeScript, as users of the sources. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { languageService, messageOf, programOf, projectOptions, root } from './typescript.js';

/** The text of modules by name. */
export type Modules = Readonly<Record<string, string>>;

/** An error of a compiler, and its place: lines and columns from 0. */
export interface Complaint {
  readonly module: string;
  readonly line: number;
  readonly column: number;
  /** The number of marked characters; null for TypeScript 7, which does not print it. */
  readonly length: number | null;
  readonly message: string;
}

const scratch = `${root}.cache/type-tests-${process.pid}/`;
const folder = `${scratch}modules/`;

interface Manifest {
  readonly exports: Readonly<Record<string, null | string | { readonly default: string }>>;
}
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;

/** The source of each entry of the package, by its name in imports: `noisefold/dsl`. */
export const entries: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    target === null || typeof target === 'string'
      ? []
      : [[`noisefold${subpath.slice(1)}`, root + target.default.replace('./dist/', '').replace(/\.js$/, '.ts')]],
  ),
);

const paths = {
  ...Object.fromEntries(Object.entries(entries).map(([entry, path]) => [entry, [path]])),
  'type-test': [`${root}properties/types/expect.ts`],
};

const options: ts.CompilerOptions = { ...projectOptions, paths, verbatimModuleSyntax: false, types: ['node'] };

export interface Compilation {
  /** The errors of a module. */
  readonly complaints: (module: string) => readonly Complaint[];
  /** The instantiations of types that checking a module takes now; those of modules checked before are free. */
  readonly cost: (module: string) => number;
}

/** Compiled by TypeScript 6, in memory. */
export const compiled6 = (modules: Modules): Compilation => {
  const texts = new Map(Object.entries(modules).map(([name, text]) => [`${folder}${name}.ts`, text]));
  const program = programOf({ paths: [...texts.keys()], options, texts });
  const fileOf = (module: string): ts.SourceFile => {
    const file = program.getSourceFile(`${folder}${module}.ts`);
    if (file === undefined) throw new Error(`there is no module ${module}`);
    return file;
  };
  return {
    complaints: (module) =>
      program.getSemanticDiagnostics(fileOf(module)).map((error) => {
        const { start = 0, length = 0 } = error;
        const { line, character } = fileOf(module).getLineAndCharacterOfPosition(start);
        return { module, line, column: character, length, message: messageOf(error) };
      }),
    cost: (module) => {
      const before = program.getInstantiationCount();
      const [error] = program.getSemanticDiagnostics(fileOf(module));
      if (error !== undefined) throw new Error(`${module}: ${messageOf(error)}`);
      return program.getInstantiationCount() - before;
    },
  };
};

const FIRST = /^(\S.*?)\.ts\((\d+),(\d+)\): error TS\d+: (.*)$/;

/** The errors in the output of the command line: a line for each, and lines that continue it. */
const complaintsIn = (output: string): readonly Complaint[] =>
  output.split('\n').reduce<readonly Complaint[]>((list, text) => {
    const [, path, line, column, message] = FIRST.exec(text) ?? [];
    if (path !== undefined)
      return [
        ...list,
        {
          module: path.slice(path.lastIndexOf('/') + 1),
          line: Number(line) - 1,
          column: Number(column) - 1,
          length: null,
          message: message!,
        },
      ];
    const last = list.at(-1);
    return text.startsWith('  ') && last !== undefined
      ? [...list.slice(0, -1), { ...last, message: `${last.message}\n${text}` }]
      : list;
  }, []);

/** Compiled by TypeScript 7, which has only a command line, from a folder that is deleted afterwards. */
export const compiled7 = (modules: Modules): readonly Complaint[] => {
  mkdirSync(folder, { recursive: true });
  try {
    for (const [name, text] of Object.entries(modules)) writeFileSync(`${folder}${name}.ts`, text);
    const compilerOptions = { paths, verbatimModuleSyntax: false, rootDir: root };
    writeFileSync(
      `${folder}tsconfig.json`,
      JSON.stringify({ extends: `${root}tsconfig.json`, compilerOptions, include: ['.'], exclude: [] }),
    );
    const compiler = `${root}node_modules/typescript-7/lib/tsc.js`;
    const args = [compiler, '-p', folder, '--singleThreaded']; // otherwise the messages may vary between runs
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const complaints = complaintsIn(stdout);
    if (status !== 0 && complaints.length === 0) throw new Error(`TypeScript 7 failed: ${stdout}`);
    return complaints.filter(({ module }) => module in modules); // the sources are checked separately
  } finally {
    rmSync(scratch, { recursive: true });
  }
};

/** Compiles like a user: against the declarations in `dist`, without the sources. */
const userOptions = {
  ...{ target: 'es2023', lib: ['es2023'], module: 'nodenext', strict: true, skipLibCheck: true },
  ...{ noEmit: true, types: [] },
  paths: {
    'noisefold/dsl': [`${root}dist/src/dsl/index.d.ts`],
    'noisefold/nn': [`${root}dist/src/nn/index.d.ts`],
  },
};

const BUILDING = /Building project '(\d+)\/tsconfig\.json'|^Instantiations:\s+(\d+)|error TS.*/gm;

/** The instantiations of types in each module, by TypeScript 7: each is a project, and one process builds all. */
export const instantiations7 = (modules: Modules): Readonly<Record<string, number>> => {
  const names = Object.keys(modules);
  try {
    for (const [i, text] of Object.values(modules).entries()) {
      mkdirSync(`${folder}${i}`, { recursive: true });
      writeFileSync(`${folder}${i}/use.ts`, text);
      const config = { compilerOptions: userOptions, files: ['use.ts'] };
      writeFileSync(`${folder}${i}/tsconfig.json`, JSON.stringify(config));
    }
    const compiler = `${root}node_modules/typescript-7/lib/tsc.js`;
    const args = [compiler, '-b', ...names.keys(), '--force', '--verbose', '--extendedDiagnostics'];
    const { stdout } = spawnSync(process.execPath, args.map(String), {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const counts: Record<string, number> = {};
    let name = '';
    for (const [text, project, count] of stdout.matchAll(BUILDING)) {
      if (project !== undefined) name = names[Number(project)]!;
      else if (count !== undefined) counts[name] = Number(count);
      else throw new Error(`${name}: ${text}`);
    }
    if (Object.keys(counts).length !== names.length) throw new Error(`TypeScript 7 failed: ${stdout}`);
    return counts;
  } finally {
    rmSync(scratch, { recursive: true });
  }
};

/** Modules in an editor with TypeScript 6. */
export interface Editor {
  readonly service: ts.LanguageService;
  readonly pathOf: (module: string) => string;
}

/** Opens modules in an editor. */
export const editorOf = (modules: Modules): Editor => {
  const pathOf = (module: string): string => `${folder}${module}.ts`;
  const texts = new Map(Object.entries(modules).map(([module, text]) => [pathOf(module), text]));
  return { service: languageService({ paths: [...texts.keys()], options, texts }), pathOf };
};

/** The text that an editor shows for each constant of a module: `const x: Tensor<[8, 64], "float32">`. */
export const hovers6 = (text: string): Readonly<Record<string, string>> => {
  const { pathOf, service } = editorOf({ hover: text });
  const path = pathOf('hover');
  const [error] = service.getSemanticDiagnostics(path);
  if (error !== undefined) throw new Error(messageOf(error));
  return Object.fromEntries(
    [...text.matchAll(/\bconst (\w+) =/g)].map(({ index, 1: name = '' }) => [
      name,
      ts.displayPartsToString(service.getQuickInfoAtPosition(path, index + 'const '.length)?.displayParts),
    ]),
  );
};
