/**
 * A small typed assembler for WebAssembly with SIMD. Kernels are written as TypeScript expressions and encoded
 * at run time, without external tools.
 * @example
 * const x = i32.local('x'), y = i32.local('y'), n = i32.local('n'), a = f32.local('a')
 * const axpy = func('axpy', [a, x, y, n], [            // y += a·x, n a multiple of 4
 *   repeat(n, i32.shr_u(n, 2), [
 *     v128.store(y, f32x4.add(v128.load(y), f32x4.mul(f32x4.splat(a), v128.load(x)))),
 *     increment(x, 16),
 *     increment(y, 16),
 *   ]),
 * ])
 * instantiate<'axpy'>(new wasm.Module(moduleBytes([axpy])), memory).axpy(0.5, 0, 1024, 64)
 */
export { atomic } from './atomics.js';
export { f32, f32x4, f64x2, i32, i32x4, i64x2, i8x16, v128 } from './instructions.js';
export type { Lane, MemoryImmediates } from './instructions.js';
export type { Body, Expr, Local, Operand, ResultType, Statement, ValueType } from './expression.js';
export {
  block,
  br,
  br_if,
  call,
  callTable,
  forRange,
  increment,
  loop,
  memoryCopy,
  memoryFill,
  repeat,
  ret,
  select,
  set,
  tee,
  when,
} from './control.js';
export { func, moduleBytes } from './encoder.js';
export type { Func } from './encoder.js';
export { moduleOf, MOST_PAGES, TABLE_SIGNATURE, TYPE_CODE } from './module.js';
export { instantiate, wasm } from './webassembly.js';
export type { WasmFunction, WasmMemory, WasmModule, WasmTable } from './webassembly.js';
