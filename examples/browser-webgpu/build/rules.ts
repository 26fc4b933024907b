/**
 * Leaves out of the built page what its programs do not need. They are right, and the same on every visit: the development
 * server, where nothing is left out, and the tests find their mistakes. What a visitor may get wrong, a file, is reported in full.
 */
import {
  inCalls,
  inParentheses,
  inProperties,
  isText,
  nameOf,
  replaced,
  type Edit,
  type Rule,
  type Syntax,
} from './edits.js';

/** The rules of `vmap`, which no program of the page calls. */
export const vmap = inProperties(/^(vmap|batch)$/, 'null');

/** The passes of the compiler make the same graphs here as in the tests, where the result is verified. */
export const verifier = inProperties(/^rebuild$/, 'null');
export const verifies = inCalls(/^verify$/, (_, call) => [replaced(call, 'undefined')]);

/** The functions of elements that no program of the page computes; remainders are those of integers. */
export const formulas: Rule = (n) =>
  n.type === 'Property' &&
  (/^(pow|erf|log1p|tan|tanh|atan|b?float16)$/.test(nameOf(n['key'])) || nameOf(n['value']) === 'mod')
    ? [replaced(n, `${nameOf(n['key'])}: undefined`)]
    : null;

/** The kernels of operations that no program of the page has: cumsum, argmax and topK. */
export const kernelCases: Rule = (n) =>
  n.type === 'SwitchCase' && /^(cumsum|argmax|topKIndices)$/.test(nameOf(n['test'])) ? [replaced(n, '')] : null;
export const kernelRules: Rule = (n) =>
  n.type === 'VariableDeclarator' && /^(alongAxis|topK)Rule$/.test(nameOf(n['id']))
    ? [replaced(n['init'] as Syntax, '() => null')]
    : null;

/** The page measures no calls. */
export const profiles = inProperties(/^profile$/, 'undefined');
export const measurements: Rule = (n) =>
  n.type === 'BinaryExpression' && n['operator'] === '===' && nameOf(n['left']) === 'milliseconds'
    ? [replaced(n, 'true')]
    : null;

/** There are no files of Node. */
export const files: Rule = (n, rest) => {
  if (n.type !== 'ConditionalExpression') return null;
  const other = n['alternate'] as Syntax;
  return [{ start: n.start, end: other.start, text: '' }, ...rest([other])];
};

/** The arguments of noisefold's own functions have the right types. */
export const types = inCalls(/^(demanding|decoding)$/, ([, , f], call, rest) =>
  f ? inParentheses(f, call, rest) : null,
);

/** An error names the operation that raises it, not the one that the program calls. */
export const names = inCalls(/^named$/, ([, build, more], call, rest) =>
  build?.type === 'ArrowFunctionExpression' && more === undefined ? inParentheses(build, call, rest, '()') : null,
);
export const checks = inCalls(/^argument$/, (_, call) => [
  replaced(call, "({ decode: (x) => ({ _tag: 'Right', right: x }), demand: (x) => x })"),
]);

/** Options have the right types, and keep their rules: of them only the names and the defaults are needed. */
export const ANY = '__anything';
const fieldsOf = (object: Syntax, rest: Parameters<Rule>[1]): readonly Edit[] =>
  (object['properties'] as readonly Syntax[]).flatMap((field) => {
    const { type } = Object(field['value']) as Partial<Syntax>;
    return field.type === 'Property' &&
      !(type === 'CallExpression' && nameOf(Object(field['value'])['callee']) === 'optional')
      ? [replaced(field, `${nameOf(field['key'])}: ${ANY}`)]
      : rest([field]);
  });
export const options = inCalls(/^schema$/, ([, fields, hint], _, rest) =>
  fields?.type === 'ObjectExpression'
    ? [...fieldsOf(fields, rest), ...(hint === undefined ? [] : [replaced(hint, "''")])]
    : null,
);
export const namedFields: Rule = (n, rest) => {
  const object = n['init'] as Syntax | null | undefined;
  return n.type === 'VariableDeclarator' && nameOf(n['id']).endsWith('Fields') && object?.type === 'ObjectExpression'
    ? fieldsOf(object, rest)
    : null;
};
export const optionals = inCalls(/^optional$/, ([type, ...others], _, rest) => [replaced(type!, ANY), ...rest(others)]);
export const optionRules: Rule = (n, rest) => {
  const callee = n['callee'] as Syntax | undefined;
  if (n.type !== 'CallExpression' || callee?.type !== 'MemberExpression' || nameOf(callee['property']) !== 'rule')
    return null;
  const object = callee['object'] as Syntax;
  return [...rest([object]), { start: object.end, end: n.end, text: '' }];
};

/** The worker and the page are of one build, since the name of the worker's file is the hash of its code. */
export const messages = inCalls(/^decode(Report|Request)$/, ([message], call, rest) => [
  { start: call.start, end: message!.start, text: "({ _tag: 'Right', right: " },
  ...rest([message!]),
  { start: message!.end, end: call.end, text: ' })' },
]);

/** The page trains no classifier. */
export const classifier: Rule = (n) =>
  n.type === 'IfStatement' && nameOf(Object(n['test']).callee) === 'isClassifier' ? [replaced(n, ';')] : null;

/**
 * The page trains without a coupling and without an end, on digits without names of classes, which are not in memory, and takes no
 * parameters of a training that it has released.
 */
export const coupling: Rule = (n, rest) =>
  n.type === 'ConditionalExpression' && /^(coupling|hasEnded)$/.test(nameOf(n['test']))
    ? inParentheses(n['alternate'] as Syntax, n, rest)
    : null;
export const trainings = inCalls(/^check(Data|Steps)$/, (_, call) => [replaced(call, '[]')]);

/** The page shows no warnings of a training. */
export const warnings = inCalls(/^(withImages|unsignedText|explosionText|anonymousText|signalText)$/, (_, call) => [
  replaced(call, 'null'),
]);

/** The loss and the draw of times of the page have a name, and no settings. */
export const settings = inCalls(/^statedSettings$/, (_, call) => [replaced(call, '{}')]);

/** The tensors that the page writes were read from a backend or a file: their numbers have the type and the size that they say. */
export const tensors = inCalls(/^check(Data|Writable)$/, (_, call) => [replaced(call, 'undefined')]);

/** The shapes that programs ascribe are those of their tensors. */
export const ascriptions = inCalls(/^settle$/, (_, call) => [replaced(call, 'undefined')]);

/** The parts of a layer are layers. */
export const parts = inCalls(/^checkedParts$/, ([value], call, rest) => inParentheses(value!, call, rest));

/** A plan runs on the backend for which it was lowered. */
export const buffers: Rule = (n) =>
  n.type === 'IfStatement' && nameOf(Object(Object(n['test']).right).property) === 'maxStorageBuffersPerShaderStage'
    ? [replaced(n, ';')]
    : null;

/** Errors are made of a tag and an explanation. */
export const explanations: Rule = (n) =>
  n.type === 'IfStatement' && nameOf(Object(Object(n['consequent']).argument).callee) === 'failure'
    ? [replaced(n, ';')]
    : null;

/** The page shows messages, and an `Error` has a stack of its own. */
export const stacks = inProperties(/^stack$/, '{}');

/** No option of the page belongs to another function. */
export const elsewhere: Rule = (n, rest) =>
  inProperties(/^elsewhere$/, 'null')(n, rest) ??
  inCalls(/^withPlace$/, ([x], call) => inParentheses(x!, call, rest))(n, rest);

/** No console of Node prints tensors. */
export const prints = inCalls(/^inspected$/, ([value], call, rest) => inParentheses(value!, call, rest));

/** The operations that no program of the page has, and the derivative of products of elements. */
export const operations: Rule = (n) => {
  if (n.type === 'IfStatement') return nameOf(Object(n['test']).right) === 'prod' ? [replaced(n, ';')] : null;
  return n.type === 'Property' && /^(cumsum|argmax|topKIndices)$/.test(nameOf(n['key']))
    ? [replaced(n, `${nameOf(n['key'])}: undefined`)]
    : null;
};

/** Names of fields are not misspelt, and no value in a file is a promise or an Either. */
export const suggestions = inCalls(/^(suggestion|remedyFor)$/, (_, call) => [replaced(call, 'undefined')]);

/** Leaves out the search for what is not JSON: the page writes only JSON. */
export const json = inCalls(/^findNonJson$/, (_, call) => [replaced(call, 'null')]);

/** The advice of errors of the CPU, and of a lost GPU: what is left says what was expected, and the page has its own advice. */
export const advice = inProperties(/^hint$/, "''");

/** The words of errors: what is left names the place. */
export const words = inProperties(/^(expected|actual|hint)$/, "''");
export const refusals = inCalls(/^(refuse|wrong|mismatch)/, (args, _, rest) =>
  args.flatMap((argument) => (isText(argument) ? [replaced(argument, "''")] : rest([argument]))),
);
export const hints = inCalls(/^hinted$/, ([type], call, rest) => [
  { start: call.start, end: type!.start, text: '' },
  ...rest([type!]),
  { start: type!.end, end: call.end, text: '' },
]);

/** The functions that raise errors, and the statements and expressions that only call one. */
const RAISES = /^(raise|refuse|wrong|mismatch|differ|lacking|noBatch|notA|notWork|tooDeep|unsupported)/;
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
export const guards: Rule = (n, rest) => {
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
export const invariants: Rule = (n) => {
  const { type, argument } = Object(n['consequent']) as Partial<Syntax>;
  return n.type === 'IfStatement' && type === 'ThrowStatement' && Object(argument).type === 'NewExpression'
    ? [replaced(n, ';')]
    : null;
};

/** Statements that only call a check. */
export const statements: Rule = (n) => {
  const { type, callee } = Object(n['expression']) as Partial<Syntax>;
  return n.type === 'ExpressionStatement' &&
    type === 'CallExpression' &&
    /^(check|demand|require)[A-Z]/.test(nameOf(callee))
    ? [replaced(n, ';')]
    : null;
};

/** The page guides by classes alone: there is no score of a classifier, and nothing is remembered from step to step. */
export const scores: Rule = (n) =>
  n.type === 'IfStatement' && nameOf(Object(n['test']).left) === 'score'
    ? [replaced(n, (n['consequent'] as Syntax).type === 'ReturnStatement' ? 'return x0;' : ';')]
    : null;
export const memories: Rule = (n) =>
  n.type === 'LogicalExpression' &&
  n['operator'] === '&&' &&
  /^(recurrent|renoise|noise|guides|mean)$/.test(nameOf(n['left']))
    ? [replaced(n, 'undefined')]
    : null;

/** The guidance of the page returns a prediction. */
export const guidance = inCalls(/^checkedResult$/, ([, , result], call, rest) => [
  { start: call.start, end: result!.start, text: 'guidanceStateOf(' },
  ...rest([result!]),
  { start: result!.end, end: call.end, text: ')' },
]);

/** The plans of noisefold's solvers are right. */
export const plans = inCalls(/^planOf$/, ([solver, levels], call, rest) => [
  { start: call.start, end: solver!.start, text: '(' },
  ...rest([solver!]),
  { start: solver!.end, end: levels!.start, text: ').plan(' },
  ...rest([levels!]),
]);

/** The inputs of programs have the right names, and no key or donated value is given twice. */
export const inputs = inCalls(/^check(Names|Twice)$/, (_, call) => [replaced(call, "({ _tag: 'Right' })")]);
