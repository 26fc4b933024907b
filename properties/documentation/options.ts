/** The options of a function, as a schema declares them: each with its comment, and the text of its default. */
import ts from 'typescript';

export interface Option {
  readonly name: string;
  readonly isRequired: boolean;
  /** The default as the source writes it, such as `0.9`. Null for an option without a default, or outside of a schema. */
  readonly byDefault: string | null;
  /** The comment of the field. */
  readonly meaning: string;
}

/** The expression that a name stands for: that of a constant, or the expression itself. */
const valueOf = (expression: ts.Expression, checker: ts.TypeChecker): ts.Expression => {
  if (!ts.isIdentifier(expression)) return expression;
  const own = ts.isShorthandPropertyAssignment(expression.parent)
    ? checker.getShorthandAssignmentValueSymbol(expression.parent)
    : checker.getSymbolAtLocation(expression);
  const named = own !== undefined && own.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(own) : own;
  const declaration = named?.valueDeclaration;
  return declaration !== undefined && ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined
    ? valueOf(declaration.initializer, checker)
    : expression;
};

/** The call `optional(type, otherwise)` that declares a field; null for other declarations. */
const optionalCall = (field: ts.Symbol, checker: ts.TypeChecker): ts.CallExpression | null => {
  const [declaration] = field.declarations ?? [];
  if (declaration === undefined) return null;
  if (!ts.isPropertyAssignment(declaration) && !ts.isShorthandPropertyAssignment(declaration)) return null;
  const initializer = ts.isPropertyAssignment(declaration) ? declaration.initializer : declaration.name;
  const value = valueOf(initializer, checker);
  return ts.isCallExpression(value) && value.expression.getText() === 'optional' ? value : null;
};

const defaultIn = (field: ts.Symbol, checker: ts.TypeChecker): string | null => {
  const otherwise = optionalCall(field, checker)?.arguments[1];
  return otherwise === undefined ? null : valueOf(otherwise, checker).getText();
};

/** Options that are declared by hand, because they depend on the types of a model. */
const BY_HAND = [
  ...[
    'Fit',
    'Sampling',
    'Preparation',
    'GivenBeginning',
    'GivenNoise',
    'GivenKnown',
    'Encoding',
    'BoundMeasuring',
    'LikelihoodMeasuring',
    'SamplerParts',
  ],
  ...['SampleShards', 'EncodeShards', 'LikelihoodShards', 'QueueOptions', 'WorkerOptions'],
];

/** Tests for a type that follows from a schema, or has some fields of one, or is declared by hand. */
const isOfSchema = (type: ts.Symbol, fields: readonly ts.Symbol[], checker: ts.TypeChecker): boolean =>
  BY_HAND.includes(type.name) ||
  fields.some((field) => optionalCall(field, checker) !== null) ||
  (type.declarations?.some(
    (one) =>
      ts.isInterfaceDeclaration(one) && one.heritageClauses?.some((clause) => clause.getText().includes('OptionsOf<')),
  ) ??
    false);

const optionOf = (field: ts.Symbol, checker: ts.TypeChecker): Option => ({
  name: field.name,
  isRequired: (field.flags & ts.SymbolFlags.Optional) === 0,
  byDefault: defaultIn(field, checker),
  meaning: ts
    .displayPartsToString(field.getDocumentationComment(checker))
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\{@link (\S+?) ?\}/g, '`$1`'),
});

/** Fields in the order of the source, file by file: the compiler lists those with a default after others. */
const inSource = (fields: readonly ts.Symbol[]): readonly ts.Symbol[] => {
  const placeOf = ({ declarations: [first] = [] }: ts.Symbol) => ({
    file: first?.getSourceFile().fileName,
    at: first?.pos ?? 0,
  });
  const files = [...new Set(fields.map((field) => placeOf(field).file))];
  const rank = (field: ts.Symbol): number => files.indexOf(placeOf(field).file) * 1e9 + placeOf(field).at;
  return fields.toSorted((a, b) => rank(a) - rank(b));
};

/** The fields of a type, if a schema declares at least one of them. */
export const optionsIn = (type: ts.Symbol, checker: ts.TypeChecker): readonly Option[] => {
  if ((type.flags & ts.SymbolFlags.Interface) === 0) return [];
  const fields = checker.getDeclaredTypeOfSymbol(type).getProperties();
  if (fields.some(({ name }) => name === 'apply')) return []; // a model has some options of its network
  return isOfSchema(type, fields, checker) ? inSource(fields).map((field) => optionOf(field, checker)) : [];
};

/**
 * The options that an exported function takes in an argument whose type is not exported: the type of another one is listed by its own
 * name.
 */
export const optionsOfCall = (
  value: ts.Symbol,
  checker: ts.TypeChecker,
  isExported: (type: ts.Symbol) => boolean,
): readonly Option[] => {
  const [signature] = checker.getTypeOfSymbol(value).getCallSignatures();
  return (signature?.getParameters() ?? []).flatMap((parameter) => {
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
    const parts = type.isIntersection() ? type.types : [type];
    if (parts.some((part) => part.symbol !== undefined && isExported(part.symbol))) return [];
    const fields = checker.getPropertiesOfType(type);
    return fields.some((field) => optionalCall(field, checker) !== null)
      ? inSource(fields).map((field) => optionOf(field, checker))
      : [];
  });
};

/** A default that a reader understands without the source. */
const isLiteral = (text: string): boolean => /^('[^']*'|[-\d._e/ ]+|true|false|Infinity|\[\])$/.test(text);

const defaultOf = ({ isRequired, byDefault }: Option): string => {
  if (isRequired) return 'required';
  return byDefault !== null && isLiteral(byDefault) ? `\`${byDefault.replaceAll('_', '')}\`` : '';
};

/** The ways in which a comment may state a default: `10000` for `10_000`, `½` for `0.5`. */
export const waysToState = (byDefault: string): readonly string[] => {
  if (!isLiteral(byDefault)) return [''];
  const [a, b] = byDefault.split('/').map((part) => Number(part.replaceAll('_', '')));
  const plain = byDefault.replaceAll(/['_]/g, '');
  const close = byDefault.replaceAll(' ', '');
  const words: Readonly<Record<string, readonly string[]>> = {
    '0.5': ['½'],
    '2/3': ['⅔'],
    '[]': ['none'],
    Infinity: ['no limit', '∞'],
  };
  return [plain, close, ...(words[close] ?? []), ...(b === undefined ? [String(a)] : [])];
};

/** The comment of a field without `; 3 if left out` and `: 3 by default`, which the column of defaults says. */
const meaningOf = (option: Option): string => {
  if (defaultOf(option) === '' || option.byDefault === null) return option.meaning;
  const stated = waysToState(option.byDefault).flatMap((way) =>
    [way, `'${way}'`].flatMap((text) => [`; ${text} if left out.`, `; ${text} by default.`, `: ${text} by default.`]),
  );
  return stated.reduce((text, end) => text.replace(end, () => '.'), option.meaning);
};

/** A table of options: required ones first, as they are declared. */
export const tableOf = (options: readonly Option[]): string => {
  const rows = [...options.filter((one) => one.isRequired), ...options.filter((one) => !one.isRequired)].map(
    (one) => `| \`${one.name}\` | ${defaultOf(one)} | ${meaningOf(one).replaceAll(/[|<]/g, '\\$&')} |`,
  );
  return ['| option | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
};
