/**
 * The examples in docstrings, as programs. An example is short, since it imports nothing: every public name,
 * `assert`, and of fp-ts `pipe`, `flow`, `E`, `O`, `IO`, `TE` and `RTE` are there. What it claims is checked:
 *
 *     sqrt(constantOf([1, 4, 9], 3)) // → [1, 2, 3]       tensors are computed by the reference
 *     zeros(8, 64)                   // : Tensor<[8, 64]>  the compiler has exactly this type
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** A public value, and the example that its docstring gives, if it does. */
export interface Example {
  /** The import it belongs to, `dsl` or `backends/wasm`. */
  readonly entry: string;
  readonly name: string;
  readonly code: string | null;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

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

const textOf = (tag: ts.JSDocTagInfo | undefined): string | null =>
  tag === undefined ? null : ts.displayPartsToString(tag.text).trim();

/** All public values, in the order of their imports. */
export const publicExamples = (): readonly Example[] => {
  const files = entries();
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile) as {
    readonly config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(
    files.map(([, file]) => file),
    options,
  );
  const checker = program.getTypeChecker();
  const declared = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return files.flatMap(([entry, file]) =>
    checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)
      .filter((symbol) => declared(symbol).flags & ts.SymbolFlags.Value)
      .map((symbol) => ({
        entry,
        name: symbol.name,
        code: textOf(
          declared(symbol)
            .getJsDocTags(checker)
            .find(({ name }) => name === 'example'),
        ),
      })),
  );
};

/** The types that an entry exports: an example may name them. */
export const publicTypes = (): readonly Pick<Example, 'entry' | 'name'>[] =>
  entries().flatMap(([entry, file]) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:export )?\btype (?<name>[A-Z]\w*)/g)].map(({ groups }) => ({
      entry,
      name: groups!['name']!,
    })),
  );

const FP = {
  E: 'either as E',
  O: 'option as O',
  IO: 'io as IO',
  TE: 'taskEither as TE',
  RTE: 'readerTaskEither as RTE',
};

/** The names that a program uses and does not declare. */
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
        (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) &&
        parent.name === node;
      if (isBinding || ts.isImportSpecifier(parent)) bound.add(node.text);
      else if (!isProperty) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return new Set([...used].filter((name) => !bound.has(name)));
};

const claimAfter = (code: string, end: number): string | null => {
  const [comment] = ts.getTrailingCommentRanges(code, end) ?? [];
  const text = comment === undefined ? '' : code.slice(comment.pos + 2, comment.end).trim();
  return /^[→:] /.test(text) ? text : null;
};

/** The last value that a statement names or computes. */
const subjectOf = (statement: ts.Statement): string | null => {
  if (ts.isExpressionStatement(statement)) return statement.expression.getText();
  const [declaration] = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [];
  return declaration !== undefined && ts.isIdentifier(declaration.name) ? declaration.name.text : null;
};

/** Writes an example as a module that checks its claims. `known`: by public name, the import it comes from. */
export const moduleOf = (
  { entry, code }: { readonly entry: string; readonly code: string },
  known: readonly Pick<Example, 'entry' | 'name'>[],
): string => {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2023, true);
  const claims = source.statements.flatMap((statement, i) => {
    const claim = claimAfter(code, statement.end);
    if (claim === null) return [];
    return [claim.startsWith(':') ? `type Claim${i} = ${claim.slice(2)};` : `void (${claim.slice(2)});`];
  });
  const whole = ts.createSourceFile('whole.ts', [code, ...claims].join('\n'), ts.ScriptTarget.ES2023, true);
  const imports = [...freeNames(whole)].flatMap((name) => {
    if (name in FP) return [`import { ${FP[name as keyof typeof FP]} } from 'fp-ts';`];
    const origins = known.filter((one) => one.name === name);
    const origin = origins.find((one) => one.entry === entry) ?? origins[0];
    return origin === undefined ? [] : [`import { ${name} } from 'noisefold/${origin.entry}';`];
  });
  const body = source.statements.map((statement, i) => {
    const claim = claimAfter(code, statement.end);
    const subject = subjectOf(statement);
    if (claim === null || subject === null) return statement.getText();
    const isExpression = ts.isExpressionStatement(statement);
    const named = isExpression ? `$${i}` : subject;
    const said = claim.slice(2);
    return [
      isExpression ? `const ${named} = ${subject};` : statement.getText(),
      claim.startsWith(':')
        ? `export type Claim${i} = Holds<Same<typeof ${named}, ${said}>>;`
        : `await shows(${named}, ${said});`,
    ].join('\n');
  });
  return [
    `import assert from 'node:assert/strict';`,
    `import { flow, type Holds, pipe, type Same, shows } from '../../../properties/documentation/claims.js';`,
    ...imports,
    ...body,
    'void [assert, flow, pipe, shows];',
    '',
  ].join('\n');
};
