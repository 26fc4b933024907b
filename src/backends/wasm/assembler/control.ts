/**
 * Statements: assignment, blocks, loops, branches, calls and bulk memory.
 *
 * Labels are names. A branch goes to the nearest enclosing label with its name, so a helper that builds
 * loops can use one fixed label at any nesting depth.
 */
import { asI32, i32 } from './instructions.js';
import type { Body, Expr, Local, Operand, ResultType, Statement, ValueType } from './expression.js';

const isSequence = (body: Body): body is readonly Body[] => Array.isArray(body);

/** Lists the statements of a body, in order. */
export const flatten = (body: Body): readonly Statement[] => (isSequence(body) ? body.flatMap(flatten) : [body]);

const statement = (code: Statement['code']): Statement => ({ type: 'void', code });

/** Assigns: `local = value`. */
export const set = <T extends ValueType>(local: Local<T>, value: Expr<T>): Statement =>
  statement({ kind: 'set', local, value });

/** Assigns `local = value` and evaluates to that value. */
export const tee = <T extends ValueType>(local: Local<T>, value: Expr<T>): Expr<T> => ({
  type: local.type,
  code: { kind: 'tee', local, value },
});

/** Adds to a counter or address: `local += amount`. */
export const increment = (local: Local<'i32'>, amount: Operand<'i32'>): Statement => set(local, i32.add(local, amount));

/** Makes a block: a branch to its label leaves it. */
export const block = (label: string, body: Body): Statement => statement({ kind: 'block', label, body: flatten(body) });

/** Makes a loop: a branch to its label repeats it; reaching the end leaves it. */
export const loop = (label: string, body: Body): Statement => statement({ kind: 'loop', label, body: flatten(body) });

/** Makes a conditional: `if (test) then else otherwise`. */
export const when = (test: Expr<'i32'>, then: Body, otherwise: Body = []): Statement =>
  statement({ kind: 'if', test, then: flatten(then), otherwise: flatten(otherwise) });

/** Branches to a label. */
export const br = (label: string): Statement => statement({ kind: 'branch', label });

/** Branches to a label if `test` is not 0. */
export const br_if = (label: string, test: Expr<'i32'>): Statement => statement({ kind: 'branch', label, test });

/** Selects `test ? a : b`; both are evaluated. */
export const select = <T extends ValueType>(a: Expr<T>, b: Expr<T>, test: Expr<'i32'>): Expr<T> => ({
  type: a.type,
  code: { kind: 'op', bytes: [0x1b], operands: [a, b, test] },
});

/** Calls a function of the module by name. Pass `'void'` if it returns nothing. */
export const call = <R extends ResultType>(name: string, result: R, operands: readonly Expr<ValueType>[]): Expr<R> => ({
  type: result,
  code: { kind: 'call', name, operands },
});

/** Calls the function at `index` of the table, which takes two `i32` and returns nothing. */
export const callTable = (index: Expr<'i32'>, operands: readonly [Expr<'i32'>, Expr<'i32'>]): Statement =>
  statement({ kind: 'callTable', operands: [...operands, index] });

/** Returns from the function, with `value` if the function has a result. */
export const ret = (value?: Expr<ValueType>): Statement =>
  statement({ kind: 'op', bytes: [0x0f], operands: value === undefined ? [] : [value] });

const REPEAT = '(repeat)';
const RANGE = '(range)';

/** Runs `body` `times` times (never if `times` ≤ 0); `counter` counts down from `times` to 1. */
export const repeat = (counter: Local<'i32'>, times: Operand<'i32'>, body: Body): Statement =>
  when(i32.gt_s(tee(counter, asI32(times)), 0), [
    loop(REPEAT, [body, br_if(REPEAT, tee(counter, i32.sub(counter, 1)))]),
  ]);

/**
 * Makes the loop `for (index = from; index < to; index += step) body`, with signed comparison. `to` and
 * `step` are evaluated again in each iteration, so pass locals or constants.
 */
export const forRange = (
  index: Local<'i32'>,
  from: Operand<'i32'>,
  to: Operand<'i32'>,
  body: Body,
  step: Operand<'i32'> = 1,
): Statement =>
  when(i32.lt_s(tee(index, asI32(from)), to), [
    loop(RANGE, [body, br_if(RANGE, i32.lt_s(tee(index, i32.add(index, step)), to))]),
  ]);

/** Copies `length` bytes; the ranges may overlap. */
export const memoryCopy = (to: Operand<'i32'>, from: Operand<'i32'>, length: Operand<'i32'>): Statement =>
  statement({ kind: 'op', bytes: [0xfc, 10, 0, 0], operands: [to, from, length].map(asI32) });

/** Sets `length` bytes to `byte`. */
export const memoryFill = (to: Operand<'i32'>, byte: Operand<'i32'>, length: Operand<'i32'>): Statement =>
  statement({ kind: 'op', bytes: [0xfc, 11, 0], operands: [to, byte, length].map(asI32) });
