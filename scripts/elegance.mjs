/**
 * `node scripts/elegance.mjs`: counts what makes src harder to read: lines of code (without comments, imports and blank
 * lines), casts, non-null assertions, overloads, files with one importer, and the largest files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const files = readdirSync(join(root, 'src'), { recursive: true })
  .map((path) => join('src', path))
  .filter((path) => path.endsWith('.ts') && !/\.(test|bench)\.ts$|[tT]esting\.ts$/.test(path))
  .sort()
  .map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, text, source: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
  });

/** The number of lines of a file, or of a part of one, that have a token of code outside of imports. */
const codeLines = (source, part = source) => {
  const lines = new Set();
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) return;
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child));
    if (children.length > 0) return children.forEach(visit);
    if (node.getText(source) === '') return;
    const [first, last] = [node.getStart(source), node.getEnd()].map(
      (at) => source.getLineAndCharacterOfPosition(at).line,
    );
    for (let line = first; line <= last; line++) lines.add(line);
  };
  visit(part);
  return lines.size;
};

/** Counts the nodes of a file that a test accepts. */
const count = (source, test) => {
  let n = 0;
  const visit = (node) => {
    if (test(node)) n++;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return n;
};

const isAs = (node) => ts.isAsExpression(node) && node.type.getText() !== 'const';
const isDoubleCast = (node) => isAs(node) && isAs(ts.skipParentheses(node.expression));
const isNonNull = (node) => ts.isNonNullExpression(node);
const isOverloads = (node) =>
  (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) &&
  node.members.filter(ts.isCallSignatureDeclaration).length > 1;

const importers = new Map();
for (const { path, source } of files)
  for (const statement of source.statements)
    if ((ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) && statement.moduleSpecifier) {
      const target = relative(root, join(root, dirname(path), statement.moduleSpecifier.text)).replace(/\.js$/, '.ts');
      importers.set(target, new Set(importers.get(target)).add(path));
    }

const lines = files.map(({ path, source }) => ({ path, lines: codeLines(source) }));
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const total = (test) => sum(files.map(({ source }) => count(source, test)));
const occurrences = (word) => sum(files.map(({ text }) => text.split(word).length - 1));
const inDsl = files.filter(({ path }) => path.startsWith('src/dsl/'));
const folders = [...new Set(lines.map(({ path }) => path.split('/')[1]))];

const rows = [
  ['lines of code', sum(lines.map((file) => file.lines))],
  ...folders.map((folder) => [
    `  src/${folder}`,
    sum(lines.filter(({ path }) => path.split('/')[1] === folder).map((file) => file.lines)),
  ]),
  ['files', files.length],
  ['files with one importer', files.filter(({ path }) => importers.get(path)?.size === 1).length],
  ['casts', total(isAs)],
  ['casts by way of another type (as unknown as)', total(isDoubleCast)],
  ['non-null assertions', total(isNonNull)],
  ['  in src/dsl', sum(inDsl.map(({ source }) => count(source, isNonNull)))],
  ['types with several call signatures', total(isOverloads)],
  ['occurrences of OneError', occurrences('OneError')],
];
for (const [what, n] of rows) console.log(`${`${n}`.padStart(6)}  ${what}`);
const [longest] = [...lines].sort((a, b) => b.lines - a.lines);
console.log(`${`${longest.lines}`.padStart(6)}  lines of the longest file, ${longest.path}`);

const ofSolvers = files
  .filter(({ path }) => path.startsWith('src/diffusion/solvers/'))
  .flatMap(({ source }) =>
    source.statements
      .filter(ts.isVariableStatement)
      .flatMap(({ declarationList }) => declarationList.declarations)
      .map((one) => ({ name: one.name.getText(source), lines: codeLines(source, one) })),
  )
  .sort((a, b) => b.lines - a.lines);
for (const { name, lines } of ofSolvers.slice(0, 4))
  console.log(`${`${lines}`.padStart(6)}  lines of ${name}, of the four longest definitions of solvers`);
