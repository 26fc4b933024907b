/** Functions as data, and their encoding. */
import { flatten } from './control.js';
import type { Body, Code, Expr, Local, ValueType } from './expression.js';
import { type ModuleOptions, moduleOf, type Signature, TABLE_TYPE, TYPE_CODE, vector } from './module.js';
import { unsignedLeb128 } from './numberBytes.js';

/** A function as data. Locals that are not parameters need no declaration: the encoder collects them from the body. */
export interface Func {
  readonly name: string;
  readonly params: readonly Local[];
  readonly result?: Expr<ValueType>;
  readonly body: readonly Expr[];
}

const VOID_BLOCK = 0x40;
const END = 0x0b;

/**
 * Makes a function. It returns `result`, which is evaluated after the body.
 * Locals are declared by their use; each name has one type.
 * @example
 * const x = i32.local('x'), n = i32.local('n')
 * const double = func('double', [x, n], [
 *   repeat(n, n, [f32.store(x, f32.add(f32.load(x), f32.load(x))), increment(x, 4)]),
 * ])
 */
export const func = (name: string, params: readonly Local[], body: Body, result?: Expr<ValueType>): Func => ({
  name,
  params,
  body: flatten(body),
  ...(result === undefined ? {} : { result }),
});

const signatureOf = (f: Func): Signature => ({
  params: f.params.map((param) => param.type),
  ...(f.result === undefined ? {} : { result: f.result.type }),
});

/** Lists the expressions directly inside an instruction, in the order of evaluation. */
const children = (code: Code): readonly Expr[] => {
  switch (code.kind) {
    case 'op':
    case 'call':
    case 'callTable':
      return code.operands;
    case 'set':
    case 'tee':
      return [code.value];
    case 'block':
    case 'loop':
      return code.body;
    case 'if':
      return [code.test, ...code.then, ...code.otherwise];
    case 'branch':
      return code.test === undefined ? [] : [code.test];
    case 'get':
      return [];
  }
};

const collectLocals = (expressions: readonly Expr[], types: Map<string, ValueType>): void => {
  const note = (name: string, type: ValueType) => {
    const known = types.get(name) ?? type;
    if (known !== type) throw new TypeError(`wasm local '${name}' is used both as ${known} and as ${type}`);
    types.set(name, type);
  };
  for (const { code } of expressions) {
    if (code.kind === 'get') note(code.name, code.type);
    if (code.kind === 'set' || code.kind === 'tee') note(code.local.name, code.local.type);
    collectLocals(children(code), types);
  }
};

/** Indices of the locals and functions that one function can name. */
interface Names {
  readonly locals: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, number>;
}

const indexOf = (names: ReadonlyMap<string, number>, what: string, name: string): readonly number[] => {
  const index = names.get(name);
  if (index === undefined) throw new ReferenceError(`wasm ${what} '${name}' is not defined`);
  return unsignedLeb128(index);
};

const LOCAL_OPCODE = { get: 0x20, set: 0x21, tee: 0x22 } as const;

/** Appends an instruction to `sink`; `labels` are the enclosing labels, innermost first. */
const emit = (expression: Expr, names: Names, labels: readonly string[], sink: number[]): void => {
  const { code } = expression;
  const emitAll = (body: readonly Expr[], inner = labels) => body.forEach((e) => emit(e, names, inner, sink));
  switch (code.kind) {
    case 'op':
      emitAll(code.operands);
      sink.push(...code.bytes);
      return;
    case 'get':
      sink.push(LOCAL_OPCODE.get, ...indexOf(names.locals, 'local', code.name));
      return;
    case 'set':
    case 'tee':
      emitAll([code.value]);
      sink.push(LOCAL_OPCODE[code.kind], ...indexOf(names.locals, 'local', code.local.name));
      return;
    case 'block':
    case 'loop':
      sink.push(code.kind === 'block' ? 0x02 : 0x03, VOID_BLOCK);
      emitAll(code.body, [code.label, ...labels]);
      sink.push(END);
      return;
    case 'if': {
      // An `if` counts towards the depth of branches, but cannot be branched to by name.
      const inner = ['', ...labels];
      emitAll([code.test]);
      sink.push(0x04, VOID_BLOCK);
      emitAll(code.then, inner);
      if (code.otherwise.length > 0) {
        sink.push(0x05);
        emitAll(code.otherwise, inner);
      }
      sink.push(END);
      return;
    }
    case 'branch': {
      const depth = labels.indexOf(code.label);
      if (code.label === '' || depth < 0) throw new ReferenceError(`wasm label '${code.label}' is not in scope`);
      emitAll(code.test === undefined ? [] : [code.test]);
      sink.push(code.test === undefined ? 0x0c : 0x0d, ...unsignedLeb128(depth));
      return;
    }
    case 'call':
      emitAll(code.operands);
      sink.push(0x10, ...indexOf(names.functions, 'function', code.name));
      return;
    case 'callTable':
      emitAll(code.operands);
      sink.push(0x11, TABLE_TYPE, 0x00);
      return;
  }
};

const functionBytes = (f: Func, functions: ReadonlyMap<string, number>): readonly number[] => {
  const types = new Map(f.params.map((param) => [param.name, param.type] as const));
  const expressions = f.result === undefined ? f.body : [...f.body, f.result];
  collectLocals(expressions, types);
  const names: Names = { functions, locals: new Map([...types.keys()].map((name, index) => [name, index])) };
  const declared = [...types.values()].slice(f.params.length);
  const content = vector(declared.map((type) => [1, TYPE_CODE[type]]));
  expressions.forEach((expression) => emit(expression, names, [], content));
  content.push(END);
  return content;
};

/**
 * Encodes a module that imports `env.memory`, and exports its functions by name.
 *
 * Throws a `ReferenceError` for an undefined name, and a `TypeError` for a local with two types or two
 * functions with one name. `WebAssembly.Module` reports all other mistakes.
 */
export const moduleBytes = (functions: readonly Func[], options: ModuleOptions = {}): Uint8Array<ArrayBuffer> => {
  const indexes = new Map(functions.map(({ name }, index) => [name, index]));
  if (indexes.size !== functions.length) throw new TypeError('wasm functions of one module share a name');
  return moduleOf(
    functions.map((f) => ({ name: f.name, signature: signatureOf(f), code: functionBytes(f, indexes) })),
    options,
  );
};
