/**
 * Leaves out of the built page what its programs do not need. They are right, and the same on every visit: the development
 * server, where nothing is left out, and the tests find their mistakes. What a visitor may get wrong, a file, is reported in full.
 */
import type { Plugin } from 'vite';

/** A node of a syntax tree (ESTree), with its place in the source. */
interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** A part of the source, and the text in its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const isSyntax = (x: unknown): x is Syntax => typeof Object(x).type === 'string';

const nameOf = (n: unknown): string => {
  const { name, value } = Object(n) as { readonly name?: string; readonly value?: unknown };
  return name ?? String(value);
};

const isText = ({ type, value }: Syntax): boolean =>
  type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string');

const replaced = ({ start, end }: Syntax, text: string): Edit => ({ start, end, text });

/** The value of a property, unless it is a pattern. */
const valued = (n: Syntax, text: string): readonly Edit[] | null =>
  n['shorthand'] === true ? null : [replaced(n['value'] as Syntax, text)];

/** The edits that a node asks for, in the order of the source; null if it stays, and its parts may change. */
type Rule = (n: Syntax, rest: (parts: readonly Syntax[]) => readonly Edit[]) => readonly Edit[] | null;

/** A rule for the calls of some functions. */
const inCalls =
  (
    functions: RegExp,
    rule: (args: readonly Syntax[], call: Syntax, rest: Parameters<Rule>[1]) => ReturnType<Rule>,
  ): Rule =>
  (n, rest) =>
    n.type === 'CallExpression' && functions.test(nameOf(n['callee']))
      ? rule(n['arguments'] as readonly Syntax[], n, rest)
      : null;

/** A rule for the properties of some names. */
const inProperties =
  (names: RegExp, text: string): Rule =>
  (n) =>
    n.type === 'Property' && names.test(nameOf(n['key'])) ? valued(n, text) : null;

/** The rules of `vmap`, which no program of the page calls. */
const vmap = inProperties(/^(vmap|batch)$/, 'null');

/** The passes of the compiler make the same graphs here as in the tests, where the result is verified. */
const verifier = inProperties(/^rebuild$/, 'null');
const verifies = inCalls(/^verify$/, (_, call) => [replaced(call, 'undefined')]);

/** The functions of elements that no program of the page computes. */
const formulas: Rule = (n) =>
  n.type === 'Property' && /^(pow|erf|log1p|tan|tanh|atan|b?float16)$/.test(nameOf(n['key']))
    ? [replaced(n, `${nameOf(n['key'])}: undefined`)]
    : null;

/** The kernels of operations that no program of the page has: cumsum, argmax and topK. */
const kernelCases: Rule = (n) =>
  n.type === 'SwitchCase' && /^(cumsum|argmax|topKIndices)$/.test(nameOf(n['test'])) ? [replaced(n, '')] : null;
const kernelRules: Rule = (n) =>
  n.type === 'VariableDeclarator' && /^(alongAxis|topK)Rule$/.test(nameOf(n['id']))
    ? [replaced(n['init'] as Syntax, '() => null')]
    : null;

/** The page measures no calls. */
const profiles = inProperties(/^profile$/, 'undefined');
const measurements: Rule = (n) =>
  n.type === 'BinaryExpression' && n['operator'] === '===' && nameOf(n['left']) === 'milliseconds'
    ? [replaced(n, 'true')]
    : null;

/** There are no files of Node. */
const files: Rule = (n, rest) => {
  if (n.type !== 'ConditionalExpression') return null;
  const other = n['alternate'] as Syntax;
  return [{ start: n.start, end: other.start, text: '' }, ...rest([other])];
};

/** Replaces a node by a part of it, in parentheses. */
const inParentheses = (part: Syntax, whole: Syntax, rest: Parameters<Rule>[1], after = ''): readonly Edit[] => [
  { start: whole.start, end: part.start, text: '(' },
  ...rest([part]),
  { start: part.end, end: whole.end, text: `)${after}` },
];

/** The arguments of noisefold's own functions have the right types. */
const types = inCalls(/^(demanding|decoding)$/, ([, , f], call, rest) => (f ? inParentheses(f, call, rest) : null));

/** An error names the operation that raises it, not the one that the program calls. */
const names = inCalls(/^named$/, ([, build, more], call, rest) =>
  build?.type === 'ArrowFunctionExpression' && more === undefined ? inParentheses(build, call, rest, '()') : null,
);
const checks = inCalls(/^argument$/, (_, call) => [
  replaced(call, "({ decode: (x) => ({ _tag: 'Right', right: x }), demand: (x) => x })"),
]);

/** Options have the right types, and keep their rules: of them only the names and the defaults are needed. */
const ANY = '__anything';
const fieldsOf = (object: Syntax, rest: Parameters<Rule>[1]): readonly Edit[] =>
  (object['properties'] as readonly Syntax[]).flatMap((field) => {
    const { type } = Object(field['value']) as Partial<Syntax>;
    return field.type === 'Property' &&
      !(type === 'CallExpression' && nameOf(Object(field['value'])['callee']) === 'optional')
      ? [replaced(field, `${nameOf(field['key'])}: ${ANY}`)]
      : rest([field]);
  });
const options = inCalls(/^schema$/, ([, fields, hint], _, rest) =>
  fields?.type === 'ObjectExpression'
    ? [...fieldsOf(fields, rest), ...(hint === undefined ? [] : [replaced(hint, "''")])]
    : null,
);
const namedFields: Rule = (n, rest) => {
  const object = n['init'] as Syntax | null | undefined;
  return n.type === 'VariableDeclarator' && nameOf(n['id']).endsWith('Fields') && object?.type === 'ObjectExpression'
    ? fieldsOf(object, rest)
    : null;
};
const optionals = inCalls(/^optional$/, ([type, ...others], _, rest) => [replaced(type!, ANY), ...rest(others)]);
const optionRules: Rule = (n, rest) => {
  const callee = n['callee'] as Syntax | undefined;
  if (n.type !== 'CallExpression' || callee?.type !== 'MemberExpression' || nameOf(callee['property']) !== 'rule')
    return null;
  const object = callee['object'] as Syntax;
  return [...rest([object]), { start: object.end, end: n.end, text: '' }];
};

/** The worker and the page are of one build, since the name of the worker's file is the hash of its code. */
const messages = inCalls(/^decode(Report|Request)$/, ([message], call, rest) => [
  { start: call.start, end: message!.start, text: "({ _tag: 'Right', right: " },
  ...rest([message!]),
  { start: message!.end, end: call.end, text: ' })' },
]);

/** The page trains no classifier. */
const classifier: Rule = (n) =>
  n.type === 'LogicalExpression' && nameOf(n['right']) === 'classifierLosses'
    ? [replaced(n['right'] as Syntax, 'undefined')]
    : null;

/** Names of fields are not misspelt, and no value in a file is a promise or an Either. */
const suggestions = inCalls(/^(suggestion|remedyFor)$/, (_, call) => [replaced(call, 'undefined')]);

/** Leaves out the search for what is not JSON: the page writes only JSON. */
const json = inCalls(/^findNonJson$/, (_, call) => [replaced(call, 'null')]);

/** The advice of errors of the CPU: what is left says what was expected. */
const advice = inProperties(/^hint$/, "''");

/** The words of errors: what is left names the place. */
const words = inProperties(/^(expected|actual|hint)$/, "''");
const refusals = inCalls(/^(refuse|wrong|mismatch)/, (args, _, rest) =>
  args.flatMap((argument) => (isText(argument) ? [replaced(argument, "''")] : rest([argument]))),
);
const hints = inCalls(/^hinted$/, ([type], call, rest) => [
  { start: call.start, end: type!.start, text: '' },
  ...rest([type!]),
  { start: type!.end, end: call.end, text: '' },
]);

/** The functions that raise errors, and the statements and expressions that only call one. */
const RAISES = /^(raise|refuse|wrong|mismatch|differ|lacking|noBatch|notA|notWork|tooDeep)/;
const raises = (n: Syntax | null): boolean => {
  switch (n?.type) {
    case 'CallExpression':
      return RAISES.test(nameOf(n['callee']));
    case 'ExpressionStatement':
      return raises(n['expression'] as Syntax);
    case 'ReturnStatement':
      return raises(n['argument'] as Syntax | null);
    case 'BlockStatement': {
      const statements = n['body'] as readonly Syntax[];
      return (
        raises(statements.at(-1) ?? null) && statements.slice(0, -1).every(({ type }) => type === 'VariableDeclaration')
      );
    }
    default:
      return false;
  }
};

/** `if (wrong) raise(…)`, `wrong && raise(…)`, `x ?? raise(…)`, `wrong ? raise(…) : x` and `right ? x : raise(…)`. */
const guards: Rule = (n, rest) => {
  if (n.type === 'IfStatement')
    return n['alternate'] === null && raises(n['consequent'] as Syntax) ? [replaced(n, ';')] : null;
  if (n.type === 'ExpressionStatement') {
    const { type, right } = n['expression'] as Syntax;
    return type === 'LogicalExpression' && raises(right as Syntax) ? [replaced(n, ';')] : null;
  }
  if (n.type === 'LogicalExpression' && n['operator'] === '??' && raises(n['right'] as Syntax))
    return inParentheses(n['left'] as Syntax, n, rest);
  if (n.type !== 'ConditionalExpression') return null;
  const [a, b] = [n['consequent'] as Syntax, n['alternate'] as Syntax];
  const branch = raises(a) ? b : raises(b) ? a : null;
  return (
    branch && [
      { start: n.start, end: branch.start, text: '' },
      ...rest([branch]),
      { start: branch.end, end: n.end, text: '' },
    ]
  );
};

/** Leaves out checks of the compiler and the backends that never fail. */
const invariants: Rule = (n) => {
  const { type, argument } = Object(n['consequent']) as Partial<Syntax>;
  return n.type === 'IfStatement' && type === 'ThrowStatement' && Object(argument).type === 'NewExpression'
    ? [replaced(n, ';')]
    : null;
};

/** Statements that only call a check. */
const statements: Rule = (n) => {
  const { type, callee } = Object(n['expression']) as Partial<Syntax>;
  return n.type === 'ExpressionStatement' &&
    type === 'CallExpression' &&
    /^(check|demand|require)[A-Z]/.test(nameOf(callee))
    ? [replaced(n, ';')]
    : null;
};

/** The plans of noisefold's solvers are right. */
const plans = inCalls(/^planOf$/, ([solver, levels], call, rest) => [
  { start: call.start, end: solver!.start, text: '(' },
  ...rest([solver!]),
  { start: solver!.end, end: levels!.start, text: ').plan(' },
  ...rest([levels!]),
]);

/** The inputs of programs have the right names, and no key or donated value is given twice. */
const inputs = inCalls(/^check(Names|Twice)$/, (_, call) => [replaced(call, "({ _tag: 'Right' })")]);

/** The rules, by the files of noisefold that they are for. */
const rules: readonly (readonly [RegExp, readonly Rule[]])[] = [
  [/[/]src[/]dsl[/](primitives[/]rules|composites)[/]/, [vmap, verifier]],
  [/[/]src[/]dsl[/]compile[/]passes[/]optimized[.]/, [verifies]],
  [/[/]src[/]backends[/](wasm|shared)[/]/, [advice]],
  [/[/]src[/](backends[/]shared[/]elementary[/]functions|dsl[/]primitives[/](elementwise|scalar))[.]/, [formulas]],
  [/[/]src[/]backends[/](webgpu[/]library|shared)[/]/, [kernelCases, kernelRules]],
  [/[/]src[/](backends|dsl[/]run)[/]/, [profiles, measurements]],
  [/[/]src[/]evaluation[/]digits[/]digitBytes[.]/, [files]],
  [/[/]src[/]node[/]/, [words]],
  [/[/]browser-webgpu[/](main|worker[/]main)[.]/, [messages]],
  [/[/]src[/]training[/]fit[/]learning[.]/, [classifier]],
  [/[/]src[/]/, [types, suggestions, json]],
  [/[/]src[/](dsl|internal[/]lookup|backends[/](shared|webgpu|wasm[/](assembler|kernels|region)))/, [invariants]],
  [/[/]src[/]dsl[/]/, [names]],
  [/[/]src[/]dsl[/]run[/]inputs[.]/, [inputs]],
  [/[/]src[/]diffusion[/]sampling[/]/, [plans]],
  [/[/]src[/](dsl[/]|nn[/]|diffusion[/]|entry[/]|internal[/](dual|errors|parts)[.])/, [guards, statements]],
  [
    /[/]src[/](dsl|diffusion|nn[/](?!networks)|training[/](fit|data))[/]/,
    [optionRules, options, namedFields, optionals],
  ],
  [
    /[/]src[/](dsl|nn|diffusion|entry|training[/](data|couplings|fit[/](?!explosion|divergence|smallerBatch|run[.])|loop[.]))/,
    [checks, refusals, hints, words],
  ],
];

/** The edits of a file. */
export const editsOf = (id: string, program: unknown): readonly Edit[] => {
  const ours = rules.flatMap(([files, all]) => (files.test(id) ? all : []));
  const edits = (n: Syntax): readonly Edit[] => {
    for (const rule of ours) {
      const own = rule(n, (parts) => parts.flatMap(edits));
      if (own !== null) return own;
    }
    return Object.values(n).flat().filter(isSyntax).flatMap(edits);
  };
  return edits(program as Syntax).toSorted((a, b) => a.start - b.start);
};

/** The source after edits, which do not overlap. */
export const edited = (code: string, edits: readonly Edit[]): string => {
  const parts = edits.map(({ start, text }, i) => code.slice(edits[i - 1]?.end ?? 0, start) + text);
  return parts.join('') + code.slice(edits.at(-1)?.end ?? 0);
};

export const slim: Plugin = {
  name: 'slim',
  apply: 'build',
  transform: {
    filter: { id: /[/](src|browser-webgpu)[/].*[.]ts$/ },
    handler(code, id) {
      const text = edited(code, editsOf(id, this.parse(code)));
      return { code: text.includes(ANY) ? `import { unknown as ${ANY} } from 'io-ts';\n${text}` : text, map: null };
    },
  },
  renderChunk(_, { modules }) {
    const vmapped = Object.entries(modules).find(([id, { code }]) => /[/]transforms[/]vmap[.]/.test(id) && code);
    if (vmapped) this.error('a program of the page calls vmap, whose rules build/slim.ts leaves out');
  },
};
