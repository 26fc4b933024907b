// Counts, for every primitive, the files under src/dsl (tests aside) that mention its kind other than by calling it: a
// string that is compared with the `op` of a node, or is an argument where an `op` is taken; a type argument; a key of a
// table over all primitives. Prints the table, and the same for the functions of elements (`exp`, `add`). Fails where
// one is mentioned in more than three files: node.ts, which declares it, the file of its constructor, and that of its rules.
// The values of elements on the host have a file of their own, which does not count: pages do not need them.
import { relative } from 'node:path';
import ts from 'typescript';

const MOST = 3;
const VALUES = 'primitives/scalar.ts';

const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, '.');
const paths = ts.sys.readDirectory('src/dsl', ['.ts'], ['**/*.test.ts']);
const program = ts.createProgram(paths, options);
const checker = program.getTypeChecker();
const graph = program.getSourceFile('src/dsl/graph/node.ts');

/** The string literals that a type consists of; none if there is anything else in it. */
const literalsOf = (type) => {
  const whole = (type && checker.getBaseConstraintOfType(type)) ?? type;
  const members = whole?.isUnion() ? whole.types : [whole];
  return members.every((member) => member?.isStringLiteral()) ? members.map(({ value }) => value) : [];
};
const keysOf = (type) => (type === undefined ? [] : type.getProperties().map(({ name }) => name));

/** The type that a call or a type reference declares for one of its arguments. */
const declaredFor = (argument) => {
  const { parent } = argument;
  if (ts.isCallExpression(parent)) {
    const parameters = checker.getResolvedSignature(parent)?.declaration?.parameters;
    const type = parameters?.[parent.arguments.indexOf(argument)]?.type;
    return type && checker.getTypeFromTypeNode(type);
  }
  if (!ts.isTypeReferenceNode(parent)) return undefined;
  const [first] = parent.typeArguments;
  if (argument !== first && /^(Extract|Exclude)$/.test(parent.typeName.getText()))
    return checker.getTypeFromTypeNode(first);
  const name = checker.getSymbolAtLocation(parent.typeName);
  const symbol = name && name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
  const parameter = symbol?.declarations?.[0]?.typeParameters?.[parent.typeArguments.indexOf(argument)];
  return parameter?.constraint && checker.getTypeFromTypeNode(parameter.constraint);
};

/** The property that an expression reads: of `x.op`, or of `op` from `{ op } = x`. */
const propertyRead = (expression) => {
  if (ts.isPropertyAccessExpression(expression)) return checker.getSymbolAtLocation(expression.name);
  const binding = checker.getSymbolAtLocation(expression)?.valueDeclaration;
  if (binding === undefined || !ts.isBindingElement(binding)) return undefined;
  const name = (binding.propertyName ?? binding.name).getText();
  return checker.getTypeAtLocation(binding.parent).getProperty(name);
};

/**
 * By name, the files that mention it. `isHeldBy` tells whether a property holds such names, `asArguments` whether a name
 * that is passed is a mention (a kind) or a call (`unary('exp', x)`).
 */
const mentions = (names, isHeldBy, asArguments) => {
  const all = new Set(names);
  const files = new Map(names.map((name) => [name, new Set(['graph/node.ts'])]));
  const areAll = (found) => found.length > 0 && found.every((name) => all.has(name));
  const isTable = (type) => keysOf(type).length > 1 && areAll(keysOf(type));

  const isMention = (literal) => {
    const { parent } = literal;
    if (ts.isBinaryExpression(parent))
      return isHeldBy(propertyRead(parent.left === literal ? parent.right : parent.left));
    if (ts.isCaseClause(parent)) return isHeldBy(propertyRead(parent.parent.parent.expression));
    if (ts.isPropertyAssignment(parent))
      return isHeldBy(checker.getContextualType(parent.parent)?.getProperty(parent.name.getText()));
    if (ts.isArrayLiteralExpression(parent))
      return areAll(parent.elements.map((element) => (ts.isStringLiteral(element) ? element.text : '')));
    if (ts.isElementAccessExpression(parent)) return isTable(checker.getTypeAtLocation(parent.expression));
    if (ts.isCallExpression(parent)) return asArguments && areAll(literalsOf(declaredFor(literal)));
    if (!ts.isLiteralTypeNode(parent)) return false;
    const type = ts.isUnionTypeNode(parent.parent) ? parent.parent : parent;
    const user = type.parent;
    if (ts.isIndexedAccessTypeNode(user)) return isTable(checker.getTypeFromTypeNode(user.objectType));
    if (ts.isPropertySignature(user)) return isHeldBy(declaredFor(user.parent)?.getProperty(user.name.getText()));
    return areAll(literalsOf(declaredFor(type)));
  };
  const isKey = (node) =>
    ts.isPropertyAccessExpression(node)
      ? isTable(checker.getTypeAtLocation(node.expression))
      : (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) &&
        isTable(checker.getContextualType(node.parent));

  const visit = (node, file) => {
    const name = ts.isStringLiteralLike(node) ? node.text : node.name?.text;
    if (all.has(name) && (ts.isStringLiteralLike(node) ? isMention(node) : isKey(node))) files.get(name).add(file);
    ts.forEachChild(node, (child) => visit(child, file));
  };
  for (const path of paths.filter((path) => relative('src/dsl', path) !== VALUES))
    visit(program.getSourceFile(path), relative('src/dsl', path));
  return files;
};

const declarationOf = (name) => graph.statements.find((statement) => statement.name?.text === name);
const kinds = keysOf(checker.getTypeAtLocation(declarationOf('Attributes')));
const functions = ['UnaryFn', 'BinaryFn'].flatMap((name) => literalsOf(checker.getTypeAtLocation(declarationOf(name))));
const op = declarationOf('NodeFields').members.find((member) => member.name.text === 'op');
const isOp = (property) => property?.declarations?.includes(op) ?? false;
const isFunction = (property) => property?.name === 'fn'; // also for a reduction, whose max is not the max of two numbers

const tables = [
  ['primitive', mentions(kinds, isOp, true)],
  ['function', mentions(functions, isFunction, false)],
];
for (const [title, files] of tables) {
  console.log(`${title.padEnd(14)} files`);
  for (const [name, found] of files) console.log(`${name.padEnd(14)} ${found.size}  ${[...found].join(', ')}`);
  console.log();
}
const wide = tables.flatMap(([, files]) => [...files].filter(([, found]) => found.size > MOST));
for (const [name, found] of wide)
  console.log(`${name} is mentioned in ${found.size} files, at most ${MOST} are allowed`);
process.exitCode = wide.length > 0 ? 1 : 0;
