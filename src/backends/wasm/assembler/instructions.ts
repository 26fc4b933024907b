/**
 * WebAssembly instructions as immutable, typed expressions.
 *
 * An {@link Expr} is plain data: an opcode with its immediates and its operands. The namespaces `i32`,
 * `f32`, `v128`, `f32x4`, `i32x4` and so on hold one builder per instruction, with the name of the specification:
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

const i32Unary = (opcode: number) => unary('i32', asI32, [opcode]);
const i32Binary = (opcode: number) => binary('i32', asI32, [opcode]);
const f32Unary = (opcode: number) => unary('f32', asF32, [opcode]);
const f32Binary = (opcode: number) => binary('f32', asF32, [opcode]);
const f32Compare = (opcode: number) => binary('i32', asF32, [opcode]);
const f32x4Unary = (opcode: number) => unary('v128', asF32x4, simd(opcode));
const f32x4Binary = (opcode: number) => binary('v128', asF32x4, simd(opcode));
const i32x4Unary = (opcode: number) => unary('v128', asI32x4, simd(opcode));
const i32x4Binary = (opcode: number) => binary('v128', asI32x4, simd(opcode));
const i32x4Shift = (opcode: number) => (a: Operand<'v128'>, bits: Operand<'i32'>) =>
  op('v128', simd(opcode), [asI32x4(a), asI32(bits)]);

/** Index of a lane in a vector of four 32-bit numbers. */
export type Lane = 0 | 1 | 2 | 3;
const extractLane =
  <T extends ValueType>(type: T, opcode: number) =>
  (lane: Lane, a: Expr<'v128'>): Expr<T> =>
    op(type, [...simd(opcode), lane], [a]);
const replaceLane =
  <T extends ValueType>(lift: Lift<T>, opcode: number) =>
  (lane: Lane, a: Expr<'v128'>, value: Operand<T>): Expr<'v128'> =>
    op('v128', [...simd(opcode), lane], [a, lift(value)]);

/** 32-bit integers; addresses are `i32` too. Comparisons return 0 or 1. */
export const i32 = {
  local: localOf('i32'),
  const: i32Const,
  load: load('i32', [0x28], 4),
  load8_u: load('i32', [0x2d], 1),
  store: store(asI32, [0x36], 4),
  store8: store(asI32, [0x3a], 1),
  eqz: i32Unary(0x45),
  eq: i32Binary(0x46),
  ne: i32Binary(0x47),
  lt_s: i32Binary(0x48),
  lt_u: i32Binary(0x49),
  gt_s: i32Binary(0x4a),
  gt_u: i32Binary(0x4b),
  le_s: i32Binary(0x4c),
  le_u: i32Binary(0x4d),
  ge_s: i32Binary(0x4e),
  ge_u: i32Binary(0x4f),
  clz: i32Unary(0x67),
  ctz: i32Unary(0x68),
  popcnt: i32Unary(0x69),
  add: i32Binary(0x6a),
  sub: i32Binary(0x6b),
  mul: i32Binary(0x6c),
  div_s: i32Binary(0x6d),
  div_u: i32Binary(0x6e),
  rem_s: i32Binary(0x6f),
  rem_u: i32Binary(0x70),
  and: i32Binary(0x71),
  or: i32Binary(0x72),
  xor: i32Binary(0x73),
  shl: i32Binary(0x74),
  shr_s: i32Binary(0x75),
  shr_u: i32Binary(0x76),
  rotl: i32Binary(0x77),
  rotr: i32Binary(0x78),
  trunc_sat_f32_s: unary('i32', asF32, [0xfc, 0]),
  trunc_sat_f32_u: unary('i32', asF32, [0xfc, 1]),
  reinterpret_f32: unary('i32', asF32, [0xbc]),
} as const;

/** Single-precision scalars. */
export const f32 = {
  local: localOf('f32'),
  const: f32Const,
  load: load('f32', [0x2a], 4),
  store: store(asF32, [0x38], 4),
  eq: f32Compare(0x5b),
  ne: f32Compare(0x5c),
  lt: f32Compare(0x5d),
  gt: f32Compare(0x5e),
  le: f32Compare(0x5f),
  ge: f32Compare(0x60),
  abs: f32Unary(0x8b),
  neg: f32Unary(0x8c),
  ceil: f32Unary(0x8d),
  floor: f32Unary(0x8e),
  trunc: f32Unary(0x8f),
  nearest: f32Unary(0x90),
  sqrt: f32Unary(0x91),
  add: f32Binary(0x92),
  sub: f32Binary(0x93),
  mul: f32Binary(0x94),
  div: f32Binary(0x95),
  min: f32Binary(0x96),
  max: f32Binary(0x97),
  copysign: f32Binary(0x98),
  convert_i32_s: unary('f32', asI32, [0xb2]),
  convert_i32_u: unary('f32', asI32, [0xb3]),
  reinterpret_i32: unary('f32', asI32, [0xbe]),
} as const;

/** 128-bit vectors of no particular type: memory, logic and shuffles. A number becomes an `i32x4` constant. */
export const v128 = {
  local: localOf('v128'),
  load: load('v128', simd(0), 16),
  load32_splat: load('v128', simd(9), 4),
  load64_splat: load('v128', simd(10), 8),
  load32_zero: load('v128', simd(92), 4),
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
  andnot: i32x4Binary(79),
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
  extract_lane: extractLane('f32', 31),
  replace_lane: replaceLane(asF32, 32),
  eq: f32x4Binary(65),
  ne: f32x4Binary(66),
  lt: f32x4Binary(67),
  gt: f32x4Binary(68),
  le: f32x4Binary(69),
  ge: f32x4Binary(70),
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
  convert_i32x4_u: i32x4Unary(251),
} as const;

/** Four 32-bit integer lanes. Comparisons return a mask: all ones or all zeros in each lane. */
export const i32x4 = {
  const: i32x4Const,
  splat: unary('v128', asI32, simd(17)),
  extract_lane: extractLane('i32', 27),
  replace_lane: replaceLane(asI32, 28),
  eq: i32x4Binary(55),
  ne: i32x4Binary(56),
  lt_s: i32x4Binary(57),
  lt_u: i32x4Binary(58),
  gt_s: i32x4Binary(59),
  gt_u: i32x4Binary(60),
  le_s: i32x4Binary(61),
  le_u: i32x4Binary(62),
  ge_s: i32x4Binary(63),
  ge_u: i32x4Binary(64),
  abs: i32x4Unary(160),
  neg: i32x4Unary(161),
  all_true: unary('i32', asI32x4, simd(163)),
  bitmask: unary('i32', asI32x4, simd(164)),
  shl: i32x4Shift(171),
  shr_s: i32x4Shift(172),
  shr_u: i32x4Shift(173),
  add: i32x4Binary(174),
  sub: i32x4Binary(177),
  mul: i32x4Binary(181),
  min_s: i32x4Binary(182),
  min_u: i32x4Binary(183),
  max_s: i32x4Binary(184),
  max_u: i32x4Binary(185),
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
