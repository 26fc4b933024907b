/**
 * Code generation for many functions: assembler expressions over numbered locals, written directly as bytes. It is
 * fast because a plan has hundreds of regions and the user waits for its compilation.
 */
import {
  type Body,
  type Expr,
  i32,
  i32x4,
  type ResultType,
  type Statement,
  TYPE_CODE,
  v128,
  type ValueType,
} from '../assembler/assembler.js';
import { unsignedLeb128 } from '../assembler/numberBytes.js';

export type { Body, Statement } from '../assembler/assembler.js';

export type Vector = Expr<'v128'>;

/** A local variable or parameter. As an expression, it reads the variable. */
export interface Slot<T extends ValueType = ValueType> extends Expr<T> {
  readonly index: number;
}

const instruction = <T extends ResultType>(
  type: T,
  bytes: readonly number[],
  operands: readonly Expr[] = [],
): Expr<T> => ({ type, code: { kind: 'op', bytes, operands } });

/** Encodes an opcode followed by the index of a local. */
const numbered = (opcode: number, index: number): readonly number[] =>
  index < 128 ? [opcode, index] : [opcode, ...unsignedLeb128(index)];

/** Allocates the locals of one function, parameters first. */
export interface Locals {
  readonly i32: () => Slot<'i32'>;
  readonly v128: () => Slot<'v128'>;
  readonly types: () => readonly ValueType[];
}

export const locals = (): Locals => {
  const types: ValueType[] = [];
  const slot = <T extends ValueType>(type: T): Slot<T> => {
    const index = types.push(type) - 1;
    return { type, code: { kind: 'op', bytes: numbered(0x20, index), operands: [] }, index };
  };
  return { i32: () => slot('i32'), v128: () => slot('v128'), types: () => types };
};

export const set = <T extends ValueType>(slot: Slot<T>, value: Expr<T>): Statement =>
  instruction('void', numbered(0x21, slot.index), [value]);

export const tee = <T extends ValueType>(slot: Slot<T>, value: Expr<T>): Expr<T> =>
  instruction(slot.type, numbered(0x22, slot.index), [value]);

export const increment = (slot: Slot<'i32'>, amount: number): Statement => set(slot, i32.add(slot, amount));

/** a + b of integers. Regions do not use `i32x4.add`, so that V8 does not pair its operands (see `emit.ts`). */
export const addInts = (a: Vector, b: Vector): Vector => i32x4.sub(a, i32x4.neg(b));

/** Returns a function that picks lanes as `v128.shuffle32` does. Its immediates are encoded once. */
export const laneShuffle = (lanes: readonly [number, number, number, number]) => {
  const { code } = v128.shuffle32(i32x4.const(0), i32x4.const(0), lanes);
  const bytes = code.kind === 'op' ? code.bytes : [];
  return (a: Vector, b: Vector): Vector => instruction('v128', bytes, [a, b]);
};

const VOID = 0x40;
const LOOP = instruction('void', [0x03, VOID]);
const END = instruction('void', [0x0b]);

/** Runs `body` once, then repeats it while `test`, evaluated after it, is not 0. */
const repeatWhile = (test: Expr<'i32'>, body: Body): Body => [LOOP, body, instruction('void', [0x0d, 0], [test]), END];

/** Runs `body` as many times as `counter` says, at least once; `counter` counts down to 0. */
export const repeated = (counter: Slot<'i32'>, body: Body): Body =>
  repeatWhile(tee(counter, i32.sub(counter, 1)), body);

export const when = (test: Expr<'i32'>, body: Body): Body => [instruction('void', [0x04, VOID], [test]), body, END];

/** Repeats `before`, `test` and, while `test` is not 0, `body`. */
export const loopWhile = (before: Body, test: Expr<'i32'>, body: Body): Body => [
  LOOP,
  before,
  when(test, [body, instruction('void', [0x0c, 1])]),
  END,
];

const isSequence = (body: Body | Expr): body is readonly Body[] => Array.isArray(body);

const write = (body: Body | Expr, out: number[]): void => {
  if (isSequence(body)) {
    for (const each of body) write(each, out);
    return;
  }
  const { code } = body;
  if (code.kind !== 'op') throw new TypeError(`noisefold: region code cannot contain ${code.kind}`);
  for (const operand of code.operands) write(operand, out);
  for (const byte of code.bytes) out.push(byte);
};

/** Encodes one entry of a module's code section: the declared locals (without parameters), then the instructions. */
export const functionCode = (declared: readonly ValueType[], body: Body): Uint8Array => {
  const out: number[] = [];
  /** Consecutive locals of one type: the encoding stores a count for each run. */
  const runs: { readonly type: ValueType; count: number }[] = [];
  for (const type of declared) {
    const last = runs[runs.length - 1];
    if (last?.type === type) last.count += 1;
    else runs.push({ type, count: 1 });
  }
  out.push(...unsignedLeb128(runs.length));
  for (const { type, count } of runs) out.push(...unsignedLeb128(count), TYPE_CODE[type]);
  write(body, out);
  out.push(0x0b);
  return Uint8Array.from(out);
};
