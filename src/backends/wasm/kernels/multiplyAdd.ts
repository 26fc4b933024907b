/** The step of every sum of products, a·b + c, in two forms: rounded twice, or once ("fused"). */
import { f32x4, func, instantiate, moduleBytes, v128, wasm, type Expr, type Func } from '../assembler/assembler.js';

/** Computes a·b + c in each lane. */
export type MultiplyAdd = (a: Expr<'v128'>, b: Expr<'v128'>, c: Expr<'v128'>) => Expr<'v128'>;

/** Rounds the product and the sum: equal bits on every machine. */
export const separate: MultiplyAdd = (a, b, c) => f32x4.add(c, f32x4.mul(a, b));

/** Rounds once where the processor can, in one instruction; otherwise like {@link separate}. */
export const fused: MultiplyAdd = (a, b, c) => f32x4.relaxed_madd(a, b, c);

/** Reads a, b and c at addresses 0, 16 and 32, and writes a·b + c at 48. */
const probe: Func = func('probe', [], [v128.store(48, fused(v128.load(0), v128.load(16), v128.load(32)))]);

/** Enables relaxed SIMD in Node 20, which has it behind a flag. Newer versions have no such flag and need none. */
const enableInNode = (): void => {
  if (typeof process === 'undefined' || !process.versions?.node?.startsWith('20.')) return;
  process.getBuiltinModule?.('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
};

/**
 * Tests whether {@link fused} rounds once here. An engine may accept the instruction and still round twice, as on a
 * processor without it, so this computes (1 + ε)² − (1 + 2ε), which is ε² if the product is not rounded and 0 if it is.
 */
export const canFuse = (): boolean => {
  const bytes = moduleBytes([probe]);
  if (!wasm.validate(bytes)) enableInNode();
  if (!wasm.validate(bytes)) return false;
  const memory = new wasm.Memory({ initial: 1 });
  const numbers = new Float32Array(memory.buffer);
  const epsilon = 2 ** -12;
  numbers.fill(1 + epsilon, 0, 8);
  numbers.fill(-(1 + 2 * epsilon), 8, 12);
  const { probe: run } = instantiate<'probe'>(new wasm.Module(bytes), memory);
  run();
  return numbers.subarray(12, 16).every((x) => x === epsilon ** 2);
};
