/** TypeScript 6 in tests. All programs of a process share the source files that they have in common. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The folder of the project: that of the nearest package.json, also for the compiled module in `dist`. */
export const root = `${dirname(ts.findConfigFile(fileURLToPath(import.meta.url), ts.sys.fileExists, 'package.json')!)}/`;

const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile) as { readonly config: unknown };

/** The options in `tsconfig.json`. */
export const projectOptions: ts.CompilerOptions = ts.parseJsonConfigFileContent(config, ts.sys, root).options;

/** The parsed source files of the process. Parsing and binding them takes most of the time of a small program. */
const parsed = ts.createDocumentRegistry();

/** The sources and options of a program. */
export interface Sources {
  /** The paths of its modules. Imports add others. */
  readonly paths: readonly string[];
  readonly options: ts.CompilerOptions;
  /** The text of files that are not on the disk, or differ there, by path. */
  readonly texts?: ReadonlyMap<string, string>;
}

/** Compiles modules as an editor does. Other files must not change on the disk while the process runs. */
export const languageService = ({ paths, options, texts = new Map() }: Sources): ts.LanguageService => {
  const folders = new Set([...texts.keys()].map(dirname));
  const read = (path: string): string | undefined => texts.get(path) ?? ts.sys.readFile(path);
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => options,
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getScriptFileNames: () => [...paths],
    getScriptVersion: (path) => texts.get(path) ?? 'on the disk',
    getScriptSnapshot: (path) => {
      const text = read(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    fileExists: (path) => texts.has(path) || ts.sys.fileExists(path),
    readFile: read,
    directoryExists: (path) => folders.has(path) || ts.sys.directoryExists(path),
  };
  return ts.createLanguageService(host, parsed);
};

/** Compiles modules. */
export const programOf = (sources: Sources): ts.Program => languageService(sources).getProgram()!;

/** The message of an error, with the reasons below it. */
export const messageOf = ({ messageText }: ts.Diagnostic): string => ts.flattenDiagnosticMessageText(messageText, '\n');
