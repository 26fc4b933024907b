/** The algebra of elementary functions on four lanes. A bool is a mask: all ones or all zeros in each lane. */
import { type Algebra, EXPONENT_OF_ONE, MANTISSA_BITS, SIGN_BIT } from '../../shared/elementary/algebra.js';
import { f32x4, f64x2, i32x4, i64x2, i8x16, v128 } from '../assembler/assembler.js';
import { addInts, type Body, loopWhile, type Vector, when } from './code.js';
import { fused } from '../kernels/multiplyAdd.js';
import type { Tools } from './tools.js';

/**
 * Statements and the value that they compute. Use the value at once, because later code may overwrite its temporaries.
 */
export interface Computed {
  readonly before: Body;
  readonly value: Vector;
}

type Number = Vector | number;

/** Adding this to a small number leaves the nearest integer in the lowest bits. */
const MAGIC = 1.5 * 2 ** MANTISSA_BITS;
const MAGIC_BITS = 0x4b400000;

/** The bits of 1.5·2⁵² in both float64 lanes: {@link MAGIC} for 32-bit integers. */
const WIDE_MAGIC = i32x4.const(0, 0x43380000, 0, 0x43380000);

/** a / b of the first two lanes, truncated, as the lower words of two lanes of 64 bits. */
const quotientOfTwo = (a: Vector, b: Vector): Vector =>
  f64x2.add(f64x2.trunc(f64x2.div(f64x2.convert_low_i32x4_s(a), f64x2.convert_low_i32x4_s(b))), WIDE_MAGIC);

const upperTwo = (x: Vector): Vector => v128.shuffle32(x, x, [2, 3, 2, 3]);

/**
 * Computes a formula by vector code. Its operands must be locals that are not temporaries. The code uses the temporaries
 * from the first one on.
 */
export const computedBy = <T extends Vector>(
  { float, int, multiplyAdd, temporary, set }: Tools<T>,
  formula: (k: Algebra<Vector, Vector, Vector>) => Vector,
): Computed => {
  let out: Body[] = [];
  let used = 0;
  const assign = (value: Vector): T => {
    const local = temporary(used++);
    out.push(set(local, value));
    return local;
  };
  /** Returns the result of `write`, and the statements that it writes. */
  const inside = <A>(write: () => A): readonly [A, Body] => {
    const outer = out;
    out = [];
    const result = write();
    const body = out;
    out = outer;
    return [result, body];
  };

  const floats = (x: Number): Vector => (typeof x === 'number' ? float(x) : x);
  const ints = (x: Number): Vector => (typeof x === 'number' ? int(x) : x);
  /** x rounded toward zero to 12 bits, so that products of two such numbers are exact. */
  const short = (x: Vector): Vector => v128.and(x, int(-4096));
  type Operation = (a: Vector, b: Vector) => Vector;
  const ofFloats = (operation: Operation) => (a: Number, b: Number) => operation(floats(a), floats(b));
  const ofInts = (operation: Operation) => (a: Number, b: Number) => operation(ints(a), ints(b));

  const algebra: Algebra<Vector, Vector, Vector> = {
    add: ofFloats(f32x4.add),
    sub: ofFloats(f32x4.sub),
    mul: ofFloats(f32x4.mul),
    div: ofFloats(f32x4.div),
    min: ofFloats(f32x4.min),
    neg: f32x4.neg,
    abs: f32x4.abs,
    trunc: f32x4.trunc,
    multiplyAdd: (a, b, c) => multiplyAdd(floats(a), floats(b), floats(c)),
    product: (a, b) => {
      const [x, y] = [assign(a), assign(floats(b))];
      if (multiplyAdd === fused) {
        const high = assign(f32x4.mul(x, y));
        return { high, low: assign(multiplyAdd(x, y, f32x4.neg(high))) };
      }
      const [xHigh, yHigh] = [assign(short(x)), assign(short(y))];
      const low = multiplyAdd(xHigh, f32x4.sub(y, yHigh), f32x4.mul(f32x4.sub(x, xHigh), y));
      return { high: assign(f32x4.mul(xHigh, yHigh)), low: assign(low) };
    },
    sum: (a, { high, low }) => {
      const rest = assign(low);
      const sum = assign(f32x4.add(a, f32x4.add(high, rest)));
      return { high: sum, low: f32x4.add(f32x4.add(f32x4.sub(a, sum), high), rest) };
    },
    // `pmin` and `pmax` return their first operand if the comparison is false
    clamp: (x, low, high) => f32x4.pmax(high === Infinity ? x : f32x4.pmin(x, float(high)), float(low)),
    nearest: (x, factor, bias) => {
      const magic = float(MAGIC + bias);
      const bits = assign(factor === 1 ? f32x4.add(x, magic) : multiplyAdd(x, float(factor), magic));
      return { n: assign(f32x4.sub(bits, magic)), bits };
    },
    nearestInteger: (x) => i32x4.sub(f32x4.add(x, float(MAGIC)), int(MAGIC_BITS)),
    minusMultiples: (x, n, parts) => parts.reduce<Vector>((rest, part) => multiplyAdd(n, float(-part), rest), x),
    withSign: (magnitude, x) =>
      v128.or(
        typeof magnitude === 'number' ? float(magnitude) : v128.and(magnitude, int(~SIGN_BIT)),
        v128.and(x, int(SIGN_BIT)),
      ),
    less: ofFloats(f32x4.lt),
    equal: ofFloats(f32x4.eq),
    isNan: (x) => {
      const once = assign(x);
      return f32x4.ne(once, once);
    },
    isFinite: (x) => f32x4.lt(f32x4.abs(x), float(Infinity)),
    select: (condition, a, b) => v128.bitselect(floats(a), floats(b), condition),
    bitsOf: (x) => x,
    fromBits: (bits) => bits,
    int: {
      constant: int,
      add: (a, b) => (typeof b === 'number' ? i32x4.sub(ints(a), int(-b)) : addInts(ints(a), b)),
      sub: ofInts(i32x4.sub),
      mul: ofInts(i32x4.mul),
      min: ofInts(i32x4.min_s),
      max: ofInts(i32x4.max_s),
      and: ofInts(v128.and),
      or: ofInts(v128.or),
      shiftLeft: i32x4.shl,
      shiftRight: i32x4.shr_s,
      powerOfTwo: (n) => i32x4.trunc_sat_f32x4_u(i32x4.shl(i32x4.sub(n, int(-EXPONENT_OF_ONE)), MANTISSA_BITS)),
      mulHigh: (a, b) => {
        const [x, y] = [assign(a), assign(b)];
        return v128.shuffle32(i64x2.extmul_low_i32x4_u(x, y), i64x2.extmul_high_i32x4_u(x, y), [1, 3, 5, 7]);
      },
      quotient: (a, b) => {
        const [x, y] = [assign(a), assign(b)];
        return v128.shuffle32(quotientOfTwo(x, y), quotientOfTwo(upperTwo(x), upperTwo(y)), [0, 2, 4, 6]);
      },
      less: ofInts(i32x4.lt_s),
      lessUnsigned: i32x4.lt_u,
      equal: ofInts(i32x4.eq),
      select: (condition, a, b) => v128.bitselect(ints(a), ints(b), condition),
      where: (condition, value) => v128.and(condition, ints(value)),
      lookUp: ([a, b, c, d, ...upper], index) => {
        // the indices of the bytes; beyond 15, a byte is 0
        const bytes = assign(i32x4.sub(i32x4.mul(index, int(0x04040404)), int(-0x03020100)));
        const others = v128.xor(bytes, int(0x10101010));
        return v128.or(i8x16.swizzle(i32x4.const(a, b, c, d), bytes), i8x16.swizzle(i32x4.const(...upper), others));
      },
      toFloat: f32x4.convert_i32x4_s,
    },
    both: v128.and,
    either: v128.or,
    differ: v128.xor,
    not: v128.not,
    // all types are vectors
    share: <A extends Vector>(value: A) => {
      const local: Vector = assign(value);
      return local as A;
    },
    rarely: (condition, usual, otherwise) => {
      const mask = assign(condition);
      const locals = usual.map(assign);
      const [others, before] = inside(otherwise);
      const selects = locals.map((local, i) => set(local, v128.bitselect(others[i]!, local, mask)));
      out.push(when(v128.any_true(mask), [before, selects]));
      const results: readonly Vector[] = locals;
      return results as typeof usual; // of the same length
    },
    whileAny: (start, test, step) => {
      const locals = start.map(assign);
      const vectors: readonly Vector[] = locals;
      const state = vectors as typeof start; // of the same length
      const [condition, before] = inside(() => test(state));
      const [next, body] = inside(() => step(state).map(assign));
      const advance = locals.map((local, i) => set(local, next[i]!));
      out.push(loopWhile(before, v128.any_true(condition), [body, advance]));
      return state;
    },
  };
  const value = formula(algebra);
  return { before: out, value };
};
