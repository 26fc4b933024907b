import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import * as asm from './assembler.js';
import type { Expr, Func, Local, ValueType } from './assembler.js';
import { signedLeb128, unsignedLeb128 } from './numberBytes.js';
import { cannotFuse } from '../kernels/testing.js';
import { instantiate, wasm, type WasmFunction } from './webassembly.js';
import { skippedFor } from '../../../../properties/skips.js';

const { f32, f32x4, i32, i32x4, v128 } = asm;

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const float32 = fc.float({ noNaN: true });
const fourOf = <T>(lane: fc.Arbitrary<T>) => fc.tuple(lane, lane, lane, lane);

const compile = (
  functions: readonly Func[],
  memory = new wasm.Memory({ initial: 1 }),
): Readonly<Record<string, WasmFunction>> => instantiate(new wasm.Module(asm.moduleBytes(functions)), memory);

/** Evaluates a scalar expression without parameters. */
const evaluate = (result: Expr<ValueType>) => compile([asm.func('f', [], [], result)])['f']!();

/** Evaluates a vector expression and returns its four lanes as floats; `inputs` are in memory from address 0 on. */
const lanesOf = (vector: Expr<'v128'>, inputs: readonly number[] = []) => {
  const memory = new wasm.Memory({ initial: 1 });
  new Float32Array(memory.buffer).set(inputs);
  compile([asm.func('f', [], [v128.store(1024, vector)])], memory)['f']!();
  return [...new Float32Array(memory.buffer, 1024, 4)];
};

describe('LEB128', () => {
  const decode = (bytes: readonly number[], signed: boolean) => {
    const value = bytes.reduce((sum, byte, index) => sum + BigInt(byte & 0x7f) * 128n ** BigInt(index), 0n);
    return Number(signed ? BigInt.asIntN(7 * bytes.length, value) : value);
  };

  test.prop([uint32])('unsigned integers survive encoding and decoding', (value) => {
    expect(decode(unsignedLeb128(value), false)).toBe(value);
  });

  test.prop([int32])('signed integers survive encoding and decoding', (value) => {
    expect(decode(signedLeb128(value), true)).toBe(value);
  });

  test('encodes the examples of the specification', () => {
    expect(unsignedLeb128(624_485)).toEqual([0xe5, 0x8e, 0x26]);
    expect(signedLeb128(-123_456)).toEqual([0xc0, 0xbb, 0x78]);
  });
});

const RELAXED = 'f32x4.relaxed_madd';

test('locals have the words of a text as their names', () => {
  expect(i32.locals('n')).toEqual([i32.local('n')]);
  expect(v128.locals('left right sum')).toEqual([v128.local('left'), v128.local('right'), v128.local('sum')]);
});

describe('every instruction is valid', () => {
  const operand = { i32: i32.local('i'), f32: f32.local('f'), v128: v128.local('v') };
  const f = operand.f32;
  const v = operand.v128;
  const params: readonly Local[] = [operand.i32, f, v];
  const drop = (name: string, expression: Expr): Func =>
    expression.type === 'void'
      ? asm.func(name, params, expression as Expr<'void'>)
      : asm.func(name, params, [], expression as Expr<ValueType>);

  const numeric = (name: string, operands: readonly unknown[]) => {
    const [space, instruction] = name.split('.') as [keyof typeof asm, string];
    // the cast allows looking up instructions by name, although their parameter types differ
    const build = (asm[space] as unknown as Record<string, (...args: readonly unknown[]) => Expr>)[instruction]!;
    return drop(name, build(...operands));
  };

  const special: Readonly<Record<string, readonly unknown[]>> = {
    'i32.store': [0, 1, { offset: 200, align: 1 }],
    'f32.store': [0, f, { offset: 4 }],
    'f32.load': [0, { offset: 70_000, align: 4 }],
    'f32x4.splat': [f],
    'f32x4.extract_lane': [3, v],
    'i32x4.splat': [operand.i32],
    'i32x4.shl': [v, 23],
    'i32x4.shr_s': [v, operand.i32],
    'v128.load': [0, { offset: 16, align: 4 }],
    'v128.store': [0, v, { align: 8 }],
    'v128.load32_lane': [2, 0, v, { offset: 8 }],
    'v128.store32_lane': [1, 0, v, { offset: 300 }],
    'v128.store64_lane': [1, 0, v],
    'v128.shuffle32': [v, v, [0, 4, 1, 5]],
    'v128.bitselect': [v, v, v],
  };
  const ofSpace = (space: 'i32' | 'f32' | 'v128' | 'f32x4' | 'f64x2' | 'i32x4' | 'i64x2' | 'i8x16', self: unknown) =>
    Object.entries(asm[space])
      .filter(([name]) => !['local', 'locals', 'const'].includes(name))
      .map(([name, build]): readonly [string, readonly unknown[]] => [
        `${space}.${name}`,
        special[`${space}.${name}`] ?? (name.includes('load') ? [0] : [self, self, self].slice(0, build.length || 2)),
      ]);

  test.each([
    ...ofSpace('i32', operand.i32),
    ...ofSpace('f32', f),
    ...ofSpace('v128', v),
    ...ofSpace('f32x4', v).filter(([name]) => name !== RELAXED),
    ...(['f64x2', 'i32x4', 'i64x2', 'i8x16'] as const).flatMap((space) => ofSpace(space, v)),
  ])('%s', (name, operands) => {
    expect(wasm.validate(asm.moduleBytes([numeric(name, operands)]))).toBe(true);
  });

  test(RELAXED, skippedFor(cannotFuse), () => {
    expect(wasm.validate(asm.moduleBytes([numeric(RELAXED, [v, v, v])]))).toBe(true);
  });

  test('memory.copy, memory.fill, select, return', () => {
    const body = [asm.memoryFill(0, 1, 8), asm.memoryCopy(8, 0, 8), asm.ret(asm.select(v, v, i32.const(1)))];
    expect(wasm.validate(asm.moduleBytes([asm.func('f', params, body, v)]))).toBe(true);
  });
});

describe('values', () => {
  test.prop([int32])('i32 constants', (value) => {
    expect(evaluate(i32.const(value))).toBe(value);
  });

  test.prop([float32])('f32 constants', (value) => {
    expect(evaluate(f32.const(value))).toBe(value);
  });

  test.prop([int32, int32])('integer arithmetic agrees with JavaScript', (a, b) => {
    expect(evaluate(i32.add(a, b))).toBe((a + b) | 0);
    expect(evaluate(i32.mul(a, b))).toBe(Math.imul(a, b));
    expect(evaluate(i32.shr_u(a, b)) >>> 0).toBe(a >>> b);
    expect(evaluate(i32.lt_s(a, b))).toBe(a < b ? 1 : 0);
    expect(evaluate(i32.lt_u(a, b))).toBe(a >>> 0 < b >>> 0 ? 1 : 0);
  });

  test.prop([fourOf(float32), fourOf(float32)])('vector arithmetic acts on each lane', (a, b) => {
    const x = v128.load(0);
    const y = v128.load(16);
    const each = (f: (p: number, q: number) => number) => a.map((p, lane) => Math.fround(f(p, b[lane]!)));
    const inputs = [...a, ...b];
    expect(lanesOf(f32x4.add(x, y), inputs)).toEqual(each((p, q) => p + q));
    expect(lanesOf(f32x4.sub(x, y), inputs)).toEqual(each((p, q) => p - q));
    expect(lanesOf(f32x4.mul(x, y), inputs)).toEqual(each((p, q) => p * q));
    expect(lanesOf(f32x4.div(x, y), inputs)).toEqual(each((p, q) => p / q));
    expect(lanesOf(f32x4.min(x, y), inputs)).toEqual(each(Math.min));
    expect(lanesOf(f32x4.max(x, y), inputs)).toEqual(each(Math.max));
    expect(lanesOf(v128.bitselect(x, y, f32x4.lt(x, y)), inputs)).toEqual(each((p, q) => (p < q ? p : q)));
  });

  test('shuffle32 picks lanes from both operands; constants fill all four', () => {
    const [a, b] = [f32x4.const(0, 1, 2, 3), f32x4.const(4, 5, 6, 7)];
    expect(lanesOf(v128.shuffle32(a, b, [0, 4, 3, 7]))).toEqual([0, 4, 3, 7]);
    expect(lanesOf(f32x4.add(a, 0.5))).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect(lanesOf(f32x4.convert_i32x4_s(i32x4.shl(i32x4.const(1), 3)))).toEqual([8, 8, 8, 8]);
  });
});

describe('control', () => {
  const [n, i, sum] = [i32.local('n'), i32.local('i'), i32.local('sum')];
  const loops = compile([
    asm.func('repeated', [n], [asm.repeat(i, n, asm.increment(sum, i))], sum),
    asm.func('ranged', [n], [asm.forRange(i, 2, n, asm.increment(sum, i), 3)], sum),
    asm.func(
      'search',
      [n],
      asm.block('found', [
        asm.loop('next', [
          asm.increment(i, 1),
          asm.when(i32.gt_s(i32.mul(i, i), n), [asm.br('found')]),
          asm.br('next'),
        ]),
      ]),
      i,
    ),
    asm.func('square', [n], [], i32.mul(n, n)),
    asm.func('squareOfSquare', [n], [], asm.call('square', 'i32', [asm.call('square', 'i32', [n])])),
  ]);

  test.prop([fc.integer({ min: -5, max: 100 })])('repeat counts down to 1', (times) => {
    expect(loops['repeated']!(times)).toBe(times > 0 ? (times * (times + 1)) / 2 : 0);
  });

  test.prop([fc.integer({ min: -5, max: 100 })])('forRange steps from the first bound to below the second', (to) => {
    const visited = Array.from({ length: 100 }, (_, k) => 2 + 3 * k).filter((k) => k < to);
    expect(loops['ranged']!(to)).toBe(visited.reduce((a, b) => a + b, 0));
  });

  test.prop([fc.integer({ min: 0, max: 10_000 })])('a branch leaves a block from inside an if', (value) => {
    expect(loops['search']!(value)).toBe(Math.floor(Math.sqrt(value)) + 1);
  });

  test('functions call each other by name', () => {
    expect(loops['squareOfSquare']!(3)).toBe(81);
  });

  test('rejects a local with two types, an unknown function or label, and two functions with one name', () => {
    const twice = asm.func('f', [n], [asm.set(f32.local('n'), f32.const(1))]);
    expect(() => asm.moduleBytes([twice])).toThrow("local 'n' is used both as i32 and as f32");
    expect(() => asm.moduleBytes([asm.func('f', [], asm.call('g', 'void', []))])).toThrow("function 'g'");
    expect(() => asm.moduleBytes([asm.func('f', [], asm.br('out'))])).toThrow("label 'out'");
    expect(() => asm.moduleBytes([asm.func('f', [], []), asm.func('f', [], [])])).toThrow('share a name');
  });
});
