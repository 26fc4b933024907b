/**
 * Functions on blocks of attention scores, in place. A row has a multiple of four columns in memory. Those after the last column
 * are ignored.
 */
import {
  type Body,
  type Expr,
  f32,
  f32x4,
  type Func,
  i32,
  i32x4,
  increment,
  type Local,
  repeat,
  select,
  set,
  v128,
} from '../../assembler/assembler.js';
import { callable } from '../../stage/callable.js';
import { exp } from '../../../shared/elementary/exponentials.js';
import { computedBy } from '../../region/algebra.js';
import { type Tools, toolsIn } from '../../region/tools.js';
import type { MultiplyAdd } from '../multiplyAdd.js';

type Vector = Expr<'v128'>;

const [scores, gradients, rows, columns, step, inverses] = i32.locals('scores gradients rows columns step inverses');

const [row, vector, vectors, rest, at, to, from] = i32.locals('row vector vectors rest at to from');
const [isColumn, x, total, highest, inverse] = v128.locals('isColumn x total highest inverse');

/** The bits of a factor, as an argument of a command. */
export const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0]!;

/** Makes a function of rows. */
const rowFunction = (
  name: string,
  multiplyAdd: MultiplyAdd,
  params: readonly Local<'i32'>[],
  bodyOf: (tools: Tools<Local<'v128'>>) => Body,
): Func => {
  let locals = 0;
  const tools = toolsIn(() => v128.local(`local${locals++}`), set, multiplyAdd);
  const body = bodyOf(tools);
  return callable(name, params, [tools.constants(), begin, repeat(row, rows, body)]);
};

/** Sets what all rows need: the number of vectors, and the mask of the last one. */
const begin: Body = [
  set(vectors, i32.shr_u(i32.add(columns, 3), 2)),
  set(rest, i32.and(columns, 3)),
  set(isColumn, i32x4.gt_s(i32x4.splat(select(i32.const(4), rest, i32.eqz(rest))), i32x4.const(0, 1, 2, 3))),
];

/** Sets the elements of the last vector of a row that are beyond the last column. */
const setBeyond = (address: Local<'i32'>, value: number): Body => [
  set(at, i32.add(address, i32.shl(i32.sub(vectors, 1), 4))),
  v128.store(at, v128.bitselect(v128.load(at), f32x4.const(value), isColumn)),
];

/** Runs `body` for each vector of a row, whose address is `at`. */
const eachVector = (address: Local<'i32'>, body: Body): Body => [
  set(at, address),
  repeat(vector, vectors, [body, increment(at, 16)]),
];

/** Combines the lanes of a vector; all lanes get the result. */
const acrossLanes = (local: Local<'v128'>, combine: (a: Vector, b: Vector) => Vector): Body => [
  set(local, combine(local, v128.shuffle32(local, local, [2, 3, 0, 1]))),
  set(local, combine(local, v128.shuffle32(local, local, [1, 0, 3, 2]))),
];

/** Sets x to e^x. */
const exponential = (tools: Tools<Local<'v128'>>): Body => {
  const { before, value } = computedBy(tools, (k) => exp(k, x));
  return [before, set(x, value)];
};

/** Replaces the scores s of each row by e = exp(s − max s), and stores 1 / Σ e of the row at `inverses`. */
const softmaxRows = (multiplyAdd: MultiplyAdd): Func =>
  rowFunction('softmaxRows', multiplyAdd, [scores, rows, columns, step, inverses], (tools) => [
    setBeyond(scores, -Infinity),
    set(highest, f32x4.const(-Infinity)),
    // `max` may miss a score of NaN, but the sum is then NaN
    eachVector(scores, set(highest, f32x4.pmax(highest, v128.load(at)))),
    acrossLanes(highest, f32x4.pmax),
    set(total, f32x4.const(0)),
    eachVector(scores, [
      set(x, f32x4.sub(v128.load(at), highest)),
      exponential(tools),
      v128.store(at, x),
      set(total, f32x4.add(total, x)),
    ]),
    acrossLanes(total, f32x4.add),
    f32.store(inverses, f32x4.extract_lane(0, f32x4.div(f32x4.const(1), total))),
    increment(inverses, 4),
    increment(scores, step),
  ]);

/**
 * Replaces e of each row by p = e / Σ e, and dp, at `gradients`, by ds = p·(dp − Σ p·dp). The reciprocal sums are at
 * `inverses`.
 */
const softmaxGradientRows = (multiplyAdd: MultiplyAdd): Func =>
  rowFunction('softmaxGradientRows', multiplyAdd, [scores, gradients, rows, columns, step, inverses], () => [
    setBeyond(gradients, 0),
    set(total, f32x4.const(0)),
    set(from, scores),
    eachVector(gradients, [set(total, multiplyAdd(v128.load(from), v128.load(at), total)), increment(from, 16)]),
    acrossLanes(total, f32x4.add),
    set(inverse, v128.load32_splat(inverses)),
    set(total, f32x4.mul(total, inverse)),
    set(from, scores),
    eachVector(gradients, [
      set(x, f32x4.mul(v128.load(from), inverse)),
      v128.store(from, x),
      v128.store(at, f32x4.mul(x, f32x4.sub(v128.load(at), total))),
      increment(from, 16),
    ]),
    increment(inverses, 4),
    increment(scores, step),
    increment(gradients, step),
  ]);

const column = i32.local('column');
const factor = f32.local('factor');

/**
 * Multiplies each row by its number at `inverses`. Does not write beyond the last column, because the rows may lie in a
 * tensor.
 */
const scaleRows: Func = callable(
  'scaleRows',
  [scores, rows, columns, step, inverses],
  [
    repeat(row, rows, [
      set(factor, f32.load(inverses)),
      set(at, scores),
      repeat(column, columns, [f32.store(at, f32.mul(f32.load(at), factor)), increment(at, 4)]),
      increment(scores, step),
      increment(inverses, 4),
    ]),
  ],
);

const [elements, factorBits] = i32.locals('elements factorBits');

/** Multiplies elements of scratch by a factor, in whole vectors: up to three elements more. */
const scaleElements: Func = callable(
  'scaleElements',
  [at, elements, factorBits],
  [
    repeat(vector, i32.shr_u(i32.add(elements, 3), 2), [
      v128.store(at, f32x4.mul(v128.load(at), i32x4.splat(factorBits))),
      increment(at, 16),
    ]),
  ],
);

const [fromStep, parts, part, partStep, source] = i32.locals('fromStep parts part partStep source');
const sum = f32.local('sum');

/** The sum of some matrices, `partStep` bytes from one to the next. */
const addParts: Func = callable(
  'addParts',
  [to, step, from, fromStep, rows, columns, parts, partStep],
  [
    repeat(row, rows, [
      set(at, i32.const(0)),
      repeat(column, columns, [
        set(source, i32.add(from, at)),
        set(sum, f32.load(source)),
        repeat(part, i32.sub(parts, 1), [increment(source, partStep), set(sum, f32.add(sum, f32.load(source)))]),
        f32.store(i32.add(to, at), sum),
        increment(at, 4),
      ]),
      increment(to, step),
      increment(from, fromStep),
    ]),
  ],
);

/** The functions for the kernel module. */
export const attentionFunctions = (multiplyAdd: MultiplyAdd): readonly Func[] => [
  softmaxRows(multiplyAdd),
  softmaxGradientRows(multiplyAdd),
  scaleRows,
  scaleElements,
  addParts,
];
