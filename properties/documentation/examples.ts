/**
 * The examples in docstrings, as programs. Every public name and `assert` are in scope. Examples import other names. Their
 * claims are checked:
 *
 *     sqrt(constantOf([1, 4, 9], 3)) // → [1, 2, 3]       tensors are computed by the reference
 *     zeros(8, 64)                   // : Tensor<[8, 64]>  the compiler has exactly this type
 */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { programOf, projectOptions, root } from '../types/operations/typescript.js';
import { type Option, optionsIn, optionsOfCall } from './options.js';

/** The results that need `unwrap`, or a run. */
type Gives = 'Either' | 'effect' | 'task';

/** A public name, with the example in its docstring. */
export interface Exported {
  /** The import that exports it: `dsl`, `backends/wasm`. */
  readonly entry: string;
  readonly name: string;
  /** False for types. */
  readonly isValue: boolean;
  readonly example: string | null;
  /** The first sentence of its docstring. */
  readonly summary: string;
  /** The kind of its result, after all arguments; null if that is neither, such as for a type. */
  readonly gives: Gives | null;
  /** The names of the types that it has, or that its results have: `SolverFrom`, `Solver`. */
  readonly makes: readonly string[];
  /** True if an argument is a record of options that a schema declares. */
  readonly takesOptions: boolean;
  /** The file that declares it, relative to the root. */
  readonly file: string;
  /** The fields of a type of options; empty for other exports. */
  readonly options: readonly Option[];
  /** Its declaration: the file and the position in it. Re-exports of the same thing have the same. */
  readonly declaration: string;
}

interface Manifest {
  readonly exports: Readonly<Record<string, null | string | { readonly default: string }>>;
}

/** Each import of the package with its source. */
const entries = (): readonly (readonly [entry: string, file: string])[] => {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
  return Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    target === null || typeof target === 'string'
      ? []
      : [[subpath.slice(2), root + target.default.replace('./dist/', '').replace(/\.js$/, '.ts')] as const],
  );
};

const firstSentence = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\{@link (\S+?) ?\}/g, '`$1`')
    .split(/(?<=\.) (?=[A-Z]|`\w+` )/)[0]!;

const GIVES: Readonly<Record<string, Gives>> = { Either: 'Either', Effect: 'effect', Task: 'task' };

/** The kind of the result of a function, also of one that takes its arguments in several calls. */
const givenBy = (type: ts.Type): Gives | null => {
  const result = type.getCallSignatures()[0]?.getReturnType();
  if (result === undefined) return null;
  const name = (result.aliasSymbol ?? result.getSymbol())?.name ?? '';
  const isPlainFunction = result.aliasSymbol === undefined && name.startsWith('__');
  return GIVES[name] ?? (isPlainFunction ? givenBy(result) : null);
};

/** The names of the types on the way to what a value makes: its own, that of its result, and what that extends. */
const madeBy = (type: ts.Type, checker: ts.TypeChecker): readonly string[] => {
  const names = [type.aliasSymbol, type.getSymbol()].flatMap((symbol) => symbol?.name ?? []);
  const result = type.getCallSignatures()[0]?.getReturnType();
  const right = names.includes('Either') ? type.aliasTypeArguments?.[1] : undefined;
  const extended = type.isClassOrInterface() ? checker.getBaseTypes(type) : [];
  const inner = [right, result, ...extended].filter((one) => one !== undefined);
  return names.includes('Tensor') ? names : [...names, ...inner.flatMap((one) => madeBy(one, checker))];
};

const findNames = (): readonly Exported[] => {
  const files = entries();
  const program = programOf({ paths: files.map(([, file]) => file), options: projectOptions });
  const checker = program.getTypeChecker();
  const exportsOf = (file: string): readonly ts.Symbol[] =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
  const declarationOf = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set(files.flatMap(([, file]) => exportsOf(file).map(declarationOf)));
  return files.flatMap(([entry, file]) =>
    exportsOf(file).map((symbol) => {
      const declared = declarationOf(symbol);
      const isValue = (declared.flags & ts.SymbolFlags.Value) !== 0;
      const [place] = declared.declarations ?? [];
      const file = place?.getSourceFile().fileName.slice(root.length) ?? '';
      const example = declared.getJsDocTags(checker).find(({ name }) => name === 'example');
      return {
        entry,
        name: symbol.name,
        isValue,
        example: example === undefined ? null : ts.displayPartsToString(example.text).trim(),
        gives: isValue ? givenBy(checker.getTypeOfSymbol(declared)) : null,
        makes: isValue ? madeBy(checker.getTypeOfSymbol(declared), checker) : [],
        takesOptions: isValue && optionsOfCall(declared, checker, () => false).length > 0,
        summary: firstSentence(ts.displayPartsToString(declared.getDocumentationComment(checker))),
        file,
        options: isValue
          ? optionsOfCall(declared, checker, (type) => exported.has(type))
          : optionsIn(declared, checker),
        declaration: `${file}:${place?.pos}`,
      };
    }),
  );
};

let names: readonly Exported[] | undefined;

/**
 * The exports of the package, in the order of its imports. They are looked up once, because the compiler takes seconds.
 */
export const publicNames = (): readonly Exported[] => (names ??= findNames());

/** The names that a program uses but does not declare. */
const freeNames = (source: ts.SourceFile): ReadonlySet<string> => {
  const used = new Set<string>();
  const bound = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isProperty =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        (ts.isBindingElement(parent) && parent.propertyName === node) ||
        (ts.isPropertySignature(parent) && parent.name === node);
      const isBinding =
        (ts.isVariableDeclaration(parent) ||
          ts.isParameter(parent) ||
          ts.isBindingElement(parent) ||
          ts.isTypeAliasDeclaration(parent) ||
          ts.isInterfaceDeclaration(parent)) &&
        parent.name === node;
      if (isBinding || ts.isImportSpecifier(parent)) bound.add(node.text);
      else if (!isProperty) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return new Set([...used].filter((name) => !bound.has(name)));
};

const CLAIM = /\/\/ [→:] /;

/** The claim after a statement on its line: `→` and a value, or `:` and a type. */
const claimAfter = (code: string, end: number): string | null => {
  const [comment] = ts.getTrailingCommentRanges(code, end) ?? [];
  const text = comment === undefined ? '' : code.slice(comment.pos, comment.end);
  return CLAIM.test(text) ? text.slice(3) : null;
};

/** The name of the one variable that a statement declares; null for an expression. */
const declaredBy = (statement: ts.Statement): string | null => {
  if (ts.isExpressionStatement(statement)) return null;
  const [declaration, ...others] = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [];
  if (declaration === undefined || others.length > 0 || !ts.isIdentifier(declaration.name))
    throw new Error(`a claim stands after an expression or one variable, not after ${statement.getText()}`);
  return declaration.name.text;
};

/** A statement, followed by the check of its claim. */
const checked = (code: string, statement: ts.Statement, i: number): string => {
  const claim = claimAfter(code, statement.end);
  const text = statement.getText();
  if (claim === null) return text;
  const name = declaredBy(statement) ?? `$${i}`;
  return [
    name === `$${i}` ? `const ${name} = ${text};` : text,
    claim.startsWith(':')
      ? `export type Claim${i} = Holds<Same<typeof ${name}, ${claim.slice(2)}>>;`
      : `await shows(${name}, ${claim.slice(2)});`,
  ].join('\n');
};

/** The names that a pattern binds: `{ config, names }`. */
const boundIn = (pattern: ts.BindingPattern): readonly ts.Identifier[] =>
  pattern.elements.flatMap((element) => {
    if (ts.isOmittedExpression(element)) return [];
    return ts.isIdentifier(element.name) ? [element.name] : boundIn(element.name);
  });

const parsed = (code: string): ts.SourceFile => ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2023, true);

/** A name that a program may use, and its import: `{ specifier } from module`. */
export interface Known {
  readonly name: string;
  /** `zeros`, `type Tensor`, `function as F` */
  readonly specifier: string;
  readonly module: string;
}

const known = (name: string, isValue: boolean, module: string): Known => ({
  name,
  specifier: `${isValue ? '' : 'type '}${name}`,
  module,
});

/** The variables and types that a program declares at its top level, as exports of a module. */
export const declaredIn = (code: string, module: string): readonly Known[] =>
  parsed(code).statements.flatMap<Known>((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) =>
        (ts.isIdentifier(name) ? [name] : boundIn(name)).map(({ text }) => known(text, true, module)),
      );
    return ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement)
      ? [known(statement.name.text, false, module)]
      : [];
  });

/** The names that a program imports between braces. */
export const importedIn = (code: string): readonly Known[] =>
  parsed(code).statements.flatMap<Known>((statement) => {
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return [];
    const module = ((statement as ts.ImportDeclaration).moduleSpecifier as ts.StringLiteral).text;
    return bindings.elements.map((element) => ({ name: element.name.text, specifier: element.getText(), module }));
  });

/** Finds a public name for an example of `entry`, whose own names come first. */
export const publicName =
  (entry: string) =>
  (name: string): Known | undefined => {
    const origins = publicNames().filter((one) => one.name === name);
    const origin = origins.find((one) => one.entry === entry) ?? origins[0];
    return origin && known(name, origin.isValue, ['noisefold', origin.entry].filter(Boolean).join('/'));
  };

/** A program with the checks of its claims. */
const bodyOf = (code: string): string => {
  const { statements } = parsed(code);
  const claims = code.split('\n').filter((line) => CLAIM.test(line)).length;
  if (claims !== statements.filter(({ end }) => claimAfter(code, end) !== null).length)
    throw new Error(`a claim stands where no statement ends, in\n${code}`);
  return statements.map((statement, i) => checked(code, statement, i)).join('\n');
};

/** The known names that a program and its claims use, and do not declare. */
export const usedIn = (code: string, find: (name: string) => Known | undefined): readonly Known[] =>
  [...freeNames(parsed(bodyOf(code)))].flatMap((name) => find(name) ?? []);

/** Writes a program as a module that calls a function with wrong arguments too: see `watched`. */
export const watchingModuleOf = (code: string, find: (name: string) => Known | undefined, watch: string): string => {
  const all = usedIn(code, find);
  return [
    `import { watched } from '../../../properties/documentation/watch.js';`,
    ...all.map(({ specifier, module, name }) =>
      name === watch
        ? `import { ${name} as original } from '${module}';\nconst ${name} = watched('${name}', original);`
        : `import { ${specifier} } from '${module}';`,
    ),
    `import assert from 'node:assert/strict';`,
    'export {};',
    code,
    'void assert;',
  ].join('\n');
};

/** Writes a program as a module that checks its claims, and imports the names that `find` knows. */
export const moduleOf = (code: string, find: (name: string) => Known | undefined): string =>
  [
    `import assert from 'node:assert/strict';`,
    `import { type Holds, type Same, shows } from '../../../properties/documentation/claims.js';`,
    ...usedIn(code, find).map(({ specifier, module }) => `import { ${specifier} } from '${module}';`),
    bodyOf(code),
    `export { ${declaredIn(code, '')
      .map(({ specifier }) => specifier)
      .join(', ')} };`,
    'void [assert, shows];',
    '',
  ].join('\n');
