/**
 * WebAssembly instructions as immutable, typed expressions.
 *
 * An {@link Expr} is plain data: an opcode with its immediates and its operands. The namespaces `i32`, `f32`, `v128`,
 * `f32x4`, `i32x4` and so on hold a builder for each instruction that kernels use, with the name of the specification:
 * `f32x4.add(a, b)` is the instruction `f32x4.add`. A number is accepted wherever an operand is expected.
 * It becomes the constant of that type (for `f32x4` and `i32x4`, in all four lanes).
 */
import type { ValueType, ResultType, Expr, Statement, Local, Operand } from './expression.js';
import { unsignedLeb128, signedLeb128, int32Bytes, float32Bytes } from './numberBytes.js';

const op = <T extends ResultType>(type: T, bytes: readonly number[], operands: readonly Expr[] = []): Expr<T> => ({
  type,
  code: { kind: 'op', bytes, operands },
});

const simd = (opcode: number): readonly number[] => [0xfd, ...unsignedLeb128(opcode)];

/** Turns an operand into an expression: a number becomes a constant of the namespace's type. */
type Lift<T extends ValueType> = (operand: Operand<T>) => Expr<T>;

const lifting =
  <T extends ValueType>(constant: (value: number) => Expr<T>): Lift<T> =>
  (operand) =>
    typeof operand === 'number' ? constant(operand) : operand;

const i32Const = (value: number) => op('i32', [0x41, ...signedLeb128(value | 0)]);
const f32Const = (value: number) => op('f32', [0x43, ...float32Bytes(value)]);
const laneConst = (lanes: readonly number[], bytes: (lane: number) => readonly number[]) =>
  op('v128', [...simd(12), ...lanes.flatMap(bytes)]);
type FourLanes = readonly [number, number, number, number];
const everyLane = (value: number): FourLanes => [value, value, value, value];
const f32x4Const = (...lanes: FourLanes | readonly [number]) =>
  laneConst(lanes.length === 1 ? everyLane(lanes[0]) : lanes, float32Bytes);
const i32x4Const = (...lanes: FourLanes | readonly [number]) =>
  laneConst(lanes.length === 1 ? everyLane(lanes[0]) : lanes, int32Bytes);

export const asI32: Lift<'i32'> = lifting(i32Const);
const asF32: Lift<'f32'> = lifting(f32Const);
const asF32x4: Lift<'v128'> = lifting((value) => f32x4Const(value));
const asI32x4: Lift<'v128'> = lifting((value) => i32x4Const(value));

const unary =
  <T extends ValueType, R extends ValueType>(type: R, lift: Lift<T>, bytes: readonly number[]) =>
  (a: Operand<T>): Expr<R> =>
    op(type, bytes, [lift(a)]);
const binary =
  <T extends ValueType, R extends ValueType>(type: R, lift: Lift<T>, bytes: readonly number[]) =>
  (a: Operand<T>, b: Operand<T>): Expr<R> =>
    op(type, bytes, [lift(a), lift(b)]);

/**
 * Immediates of a load or store: `offset`, in bytes, is added to the address; `align` is its known alignment, in bytes.
 */
export interface MemoryImmediates {
  readonly offset?: number;
  readonly align?: 1 | 2 | 4 | 8 | 16;
}
const memoryBytes = ({ offset = 0, align }: MemoryImmediates, natural: number) => [
  ...unsignedLeb128(Math.log2(Math.min(align ?? natural, natural))),
  ...unsignedLeb128(offset),
];
const load =
  <T extends ValueType>(type: T, bytes: readonly number[], natural: number) =>
  (address: Operand<'i32'>, place: MemoryImmediates = {}): Expr<T> =>
    op(type, [...bytes, ...memoryBytes(place, natural)], [asI32(address)]);
const store =
  <T extends ValueType>(lift: Lift<T>, bytes: readonly number[], natural: number) =>
  (address: Operand<'i32'>, value: Operand<T>, place: MemoryImmediates = {}): Statement =>
    op('void', [...bytes, ...memoryBytes(place, natural)], [asI32(address), lift(value)]);

const localOf =
  <T extends ValueType>(type: T) =>
  (name: string): Local<T> => ({ type, name, code: { kind: 'get', name, type } });

/** A local for each word of a text. */
type LocalsOf<S extends string, T extends ValueType> = S extends `${string} ${infer Rest}`
  ? readonly [Local<T>, ...LocalsOf<Rest, T>]
  : readonly [Local<T>];
/** Makes locals by their names, with a space between two: `const [row, column] = i32.locals('row column')`. */
const localsOf =
  <T extends ValueType>(type: T) =>
  <S extends string>(names: S) =>
    names.split(' ').map(localOf(type)) as Local<T>[] & LocalsOf<S, T>; // one for each word

const i32Binary = (opcode: number) => binary('i32', asI32, [opcode]);
const f32Binary = (opcode: number) => binary('f32', asF32, [opcode]);
const f32x4Unary = (opcode: number) => unary('v128', asF32x4, simd(opcode));
const f32x4Binary = (opcode: number) => binary('v128', asF32x4, simd(opcode));
const i32x4Unary = (opcode: number) => unary('v128', asI32x4, simd(opcode));
const i32x4Binary = (opcode: number) => binary('v128', asI32x4, simd(opcode));
const i32x4Shift = (opcode: number) => (a: Operand<'v128'>, bits: Operand<'i32'>) =>
  op('v128', simd(opcode), [asI32x4(a), asI32(bits)]);

/** Index of a lane in a vector of four 32-bit numbers. */
export type Lane = 0 | 1 | 2 | 3;

/** 32-bit integers; addresses are `i32` too. Comparisons return 0 or 1. */
export const i32 = {
  local: localOf('i32'),
  locals: localsOf('i32'),
  const: i32Const,
  load: load('i32', [0x28], 4),
  store: store(asI32, [0x36], 4),
  eqz: unary('i32', asI32, [0x45]),
  eq: i32Binary(0x46),
  ne: i32Binary(0x47),
  lt_s: i32Binary(0x48),
  lt_u: i32Binary(0x49),
  gt_s: i32Binary(0x4a),
  ge_u: i32Binary(0x4f),
  add: i32Binary(0x6a),
  sub: i32Binary(0x6b),
  mul: i32Binary(0x6c),
  div_u: i32Binary(0x6e),
  and: i32Binary(0x71),
  shl: i32Binary(0x74),
  shr_u: i32Binary(0x76),
} as const;

/** Single-precision scalars. */
export const f32 = {
  local: localOf('f32'),
  locals: localsOf('f32'),
  const: f32Const,
  load: load('f32', [0x2a], 4),
  store: store(asF32, [0x38], 4),
  add: f32Binary(0x92),
  mul: f32Binary(0x94),
} as const;

/** 128-bit vectors of no particular type: memory, logic and shuffles. A number becomes an `i32x4` constant. */
export const v128 = {
  local: localOf('v128'),
  locals: localsOf('v128'),
  load: load('v128', simd(0), 16),
  load32_splat: load('v128', simd(9), 4),
  load64_zero: load('v128', simd(93), 8),
  store: store(asI32x4, simd(11), 16),
  load32_lane: (
    lane: Lane,
    address: Operand<'i32'>,
    vector: Expr<'v128'>,
    place: MemoryImmediates = {},
  ): Expr<'v128'> => op('v128', [...simd(86), ...memoryBytes(place, 4), lane], [asI32(address), vector]),
  store32_lane: (lane: Lane, address: Operand<'i32'>, value: Expr<'v128'>, place: MemoryImmediates = {}): Statement =>
    op('void', [...simd(90), ...memoryBytes(place, 4), lane], [asI32(address), value]),
  store64_lane: (lane: 0 | 1, address: Operand<'i32'>, value: Expr<'v128'>, place: MemoryImmediates = {}): Statement =>
    op('void', [...simd(91), ...memoryBytes(place, 8), lane], [asI32(address), value]),
  not: i32x4Unary(77),
  and: i32x4Binary(78),
  or: i32x4Binary(80),
  xor: i32x4Binary(81),
  /** Takes each bit from `a` where `mask` is 1, from `b` elsewhere. */
  bitselect: (a: Operand<'v128'>, b: Operand<'v128'>, mask: Operand<'v128'>) =>
    op('v128', simd(82), [asI32x4(a), asI32x4(b), asI32x4(mask)]),
  any_true: unary('i32', asI32x4, simd(83)),
  /** Picks four 32-bit lanes from `a` (0 to 3) and `b` (4 to 7): `i8x16.shuffle` on whole lanes. */
  shuffle32: (a: Expr<'v128'>, b: Expr<'v128'>, lanes: FourLanes) =>
    op('v128', [...simd(13), ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte))], [a, b]),
} as const;

/** Four single-precision lanes. Comparisons return a mask: all ones or all zeros in each lane. */
export const f32x4 = {
  const: f32x4Const,
  splat: unary('v128', asF32, simd(19)),
  extract_lane: (lane: Lane, a: Expr<'v128'>) => op('f32', [...simd(31), lane], [a]),
  eq: f32x4Binary(65),
  ne: f32x4Binary(66),
  lt: f32x4Binary(67),
  le: f32x4Binary(69),
  ceil: f32x4Unary(103),
  floor: f32x4Unary(104),
  trunc: f32x4Unary(105),
  nearest: f32x4Unary(106),
  abs: f32x4Unary(224),
  neg: f32x4Unary(225),
  sqrt: f32x4Unary(227),
  add: f32x4Binary(228),
  sub: f32x4Binary(229),
  mul: f32x4Binary(230),
  div: f32x4Binary(231),
  min: f32x4Binary(232),
  max: f32x4Binary(233),
  pmin: f32x4Binary(234),
  pmax: f32x4Binary(235),
  /** a·b + c, rounded once or twice: the engine decides. */
  relaxed_madd: (a: Operand<'v128'>, b: Operand<'v128'>, c: Operand<'v128'>) =>
    op('v128', simd(0x105), [asF32x4(a), asF32x4(b), asF32x4(c)]),
  convert_i32x4_s: i32x4Unary(250),
} as const;

/** Four 32-bit integer lanes. Comparisons return a mask: all ones or all zeros in each lane. */
export const i32x4 = {
  const: i32x4Const,
  splat: unary('v128', asI32, simd(17)),
  eq: i32x4Binary(55),
  ne: i32x4Binary(56),
  lt_s: i32x4Binary(57),
  lt_u: i32x4Binary(58),
  gt_s: i32x4Binary(59),
  le_s: i32x4Binary(61),
  abs: i32x4Unary(160),
  neg: i32x4Unary(161),
  shl: i32x4Shift(171),
  shr_s: i32x4Shift(172),
  sub: i32x4Binary(177),
  mul: i32x4Binary(181),
  min_s: i32x4Binary(182),
  max_s: i32x4Binary(184),
  trunc_sat_f32x4_s: unary('v128', asF32x4, simd(248)),
  trunc_sat_f32x4_u: unary('v128', asF32x4, simd(249)),
} as const;

const v128Unary = (opcode: number) => (a: Expr<'v128'>) => op('v128', simd(opcode), [a]);
const v128Binary = (opcode: number) => (a: Expr<'v128'>, b: Expr<'v128'>) => op('v128', simd(opcode), [a, b]);

/** Two double-precision lanes. */
export const f64x2 = {
  convert_low_i32x4_s: v128Unary(254),
  trunc: v128Unary(122),
  add: v128Binary(240),
  div: v128Binary(243),
} as const;

/** Two 64-bit integer lanes. */
export const i64x2 = {
  extmul_low_i32x4_u: v128Binary(222),
  extmul_high_i32x4_u: v128Binary(223),
} as const;

/** Sixteen 8-bit lanes. */
export const i8x16 = {
  /** Picks bytes by their indices; bytes with an index beyond 15 are 0. */
  swizzle: v128Binary(14),
} as const;
