/**
 * The transforms of Winograd's algorithm F(2×2, 3×3) (Lavin & Gray 2016, "Fast algorithms for convolutional neural
 * networks", section 4.1), on vectors of four channels:
 *
 *   Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A
 *
 *        ⎡1  0 −1  0⎤       ⎡1    0    0⎤
 *   Bᵀ = ⎢0  1  1  0⎥   G = ⎢½    ½    ½⎥   Aᵀ = ⎡1  1  1  0⎤
 *        ⎢0 −1  1  0⎥       ⎢½   −½    ½⎥        ⎣0  1 −1 −1⎦
 *        ⎣0  1  0 −1⎦       ⎣0    0    1⎦
 *
 * g is a filter of 3×3 taps, d a tile of 4×4 inputs, Y one of 2×2 outputs. The product ⊙ takes 16 multiplications where the
 * convolution takes 36. The filter's gradient, from the gradient y of the outputs, is Gᵀ[(A y Aᵀ) ⊙ (Bᵀ d B)]G.
 */
import {
  type Body,
  type Expr,
  f32x4,
  type Func,
  i32,
  increment,
  type Local,
  repeat,
  select,
  set,
  v128,
  when,
} from '../../assembler/assembler.js';
import { callable } from '../../stage/callable.js';
import { PADDING } from '../rowKernel.js';
import { range } from '../../assembler/numbers.js';

type Vector = Expr<'v128'>;

const { add, sub, mul } = f32x4;

/** The products of Bᵀ with four values. */
const timesBT = ([d0, d1, d2, d3]: Four): Four => [sub(d0, d2), add(d1, d2), sub(d2, d1), sub(d1, d3)];
/** The products of Aᵀ with four values. */
const timesAT = ([m0, m1, m2, m3]: Four): Two => [add(add(m0, m1), m2), sub(sub(m1, m2), m3)];
/** The products of A with two values. */
const timesA = ([y0, y1]: Two): Four => [y0, add(y0, y1), sub(y0, y1), f32x4.neg(y1)];
/** The products of G with three values. */
const timesG = ([g0, g1, g2]: Three): Four => {
  const [even, odd] = [mul(add(g0, g2), 0.5), mul(g1, 0.5)];
  return [g0, add(even, odd), sub(even, odd), g2];
};
/** The products of Gᵀ with four values. */
const timesGT = ([s0, s1, s2, s3]: Four): Three => {
  const half = mul(add(s1, s2), 0.5);
  return [add(s0, half), mul(sub(s1, s2), 0.5), add(half, s3)];
};

type Two<A = Vector> = readonly [A, A];
type Three<A = Vector> = readonly [A, A, A];
type Four<A = Vector> = readonly [A, A, A, A];

const two = <A>(f: (i: number) => A): Two<A> => [f(0), f(1)];
const three = <A>(f: (i: number) => A): Three<A> => [f(0), f(1), f(2)];
const four = <A>(f: (i: number) => A): Four<A> => [f(0), f(1), f(2), f(3)];

/** A vector in a local, by its row and column. */
const cell = (name: string, i: number, j: number): Local<'v128'> => v128.local(`${name}${i}${j}`);

/** Assigns the results of a transform of some vectors to locals. */
const assign = (to: readonly Local<'v128'>[], values: readonly Vector[]): Body =>
  to.map((local, i) => set(local, values[i]!));

const [table, tiles, vectors, tile, vector, at, to] = i32.locals('table tiles vectors tile vector at to');

/** Words of a tile in the table: the offsets of 4×4 inputs, then of 2×2 outputs; `PADDING` where there is none. */
export const TILE_WORDS = 20;

/** Stores vectors at `to`, one `step` after the other. */
const store = (values: readonly Vector[], step: Local<'i32'>): Body =>
  values.map((value) => [v128.store(to, value, { align: 4 }), increment(to, step)]);

const addressesOf = (name: string, count: number): readonly Local<'i32'>[] =>
  range(count).map((i) => i32.local(`${name}${i}`));

/** Reads the addresses of the pixels of a tile from the table. For a pixel in the padding it returns `otherwise`. */
const readAddresses = (to: readonly Local<'i32'>[], first: number, base: Local<'i32'>, otherwise: Local<'i32'>): Body =>
  to.map((address, i) => [
    set(address, i32.load(table, { offset: 4 * (first + i) })),
    set(address, select(otherwise, i32.add(base, address), i32.eq(address, PADDING))),
  ]);

const [images, zeros, matrix, tileStep, vectorStep] = i32.locals('images zeros matrix tileStep vectorStep');
const [transformed, start] = i32.locals('transformed start');
const pixels = addressesOf('pixel', 16);

/** Transforms tiles of the images: V = Bᵀ d B. Element ξ of tile t and vector c is at ξ·matrix + t·tileStep + c·vectorStep. */
const winogradInput: Func = (() => {
  const row = four((j) => cell('row', 0, j));
  /** The rows of Bᵀ d, as pairs of rows of d: each has two entries that are not zero. */
  const pairs: readonly (readonly [number, number, typeof add])[] = [
    [0, 2, sub],
    [1, 2, add],
    [2, 1, sub],
    [1, 3, sub],
  ];
  const pixel = (i: number, j: number): Vector => v128.load(i32.add(pixels[4 * i + j]!, at), { align: 4 });
  return callable(
    'winogradInput',
    [table, tiles, images, vectors, zeros, transformed, matrix, tileStep, vectorStep],
    [
      repeat(tile, tiles, [
        readAddresses(pixels, 0, images, zeros),
        set(start, transformed),
        set(at, i32.const(0)),
        repeat(vector, vectors, [
          set(to, start),
          pairs.map(([first, second, combine]) => [
            assign(
              row,
              four((j) => combine(pixel(first, j), pixel(second, j))),
            ),
            store(timesBT(row), matrix),
          ]),
          increment(at, 16),
          increment(start, vectorStep),
        ]),
        increment(transformed, tileStep),
        increment(table, 4 * TILE_WORDS),
      ]),
    ],
  );
})();

const [product, result, unused] = i32.locals('product result unused');
const outputs = addressesOf('output', 4);

/** Transforms products to outputs: Y = Aᵀ M A. Element ξ of tile t and vector k of M is at ξ·matrix + t·tileStep + 16·k. */
const winogradOutput: Func = (() => {
  const half = (i: number, j: number): Local<'v128'> => cell('half', i, j);
  const load = (i: number, j: number): Vector => v128.load(i32.add(at, i32.mul(matrix, 4 * i + j)), { align: 4 });
  return callable(
    'winogradOutput',
    [table, tiles, product, vectors, matrix, tileStep, result],
    [
      set(unused, i32.const(0)),
      repeat(tile, tiles, [
        readAddresses(outputs, 16, result, unused),
        set(at, product),
        repeat(vector, vectors, [
          four((j) =>
            assign(
              two((i) => half(i, j)),
              timesAT(four((i) => load(i, j))),
            ),
          ),
          two((i) =>
            timesAT(four((j) => half(i, j))).map((value, j) => {
              const output = outputs[2 * i + j]!;
              return when(output, [v128.store(output, value, { align: 4 }), increment(output, 16)]);
            }),
          ),
          increment(at, 16),
        ]),
        increment(product, tileStep),
        increment(table, 4 * TILE_WORDS),
      ]),
    ],
  );
})();

/** Transforms gradients of outputs: W = A y Aᵀ. Element ξ of tile t and vector k is at ξ·matrix + t·tileStep + 16·k. */
const winogradGradient: Func = (() => {
  const y = (i: number, j: number): Local<'v128'> => cell('y', i, j);
  const wide = (i: number, j: number): Local<'v128'> => cell('wide', i, j);
  return callable(
    'winogradGradient',
    [table, tiles, images, vectors, zeros, transformed, matrix, tileStep],
    [
      repeat(tile, tiles, [
        readAddresses(outputs, 16, images, zeros),
        set(start, transformed),
        set(at, i32.const(0)),
        repeat(vector, vectors, [
          set(to, start),
          two((i) => two((j) => set(y(i, j), v128.load(i32.add(outputs[2 * i + j]!, at), { align: 4 })))),
          two((j) =>
            assign(
              four((i) => wide(i, j)),
              timesA(two((i) => y(i, j))),
            ),
          ),
          four((i) => store(timesA(two((j) => wide(i, j))), matrix)),
          increment(at, 16),
          increment(start, 16),
        ]),
        increment(transformed, tileStep),
        increment(table, 4 * TILE_WORDS),
      ]),
    ],
  );
})();

const [taps, tapStep] = i32.locals('taps tapStep');

/** Transforms filters: U = G g Gᵀ. Tap τ of a vector is at τ·tapStep, element ξ at ξ·matrix. */
const winogradFilter: Func = (() => {
  const wide = (i: number, j: number): Local<'v128'> => cell('wide', i, j);
  const g = three((i) => cell('g', i, 0));
  const load = (i: number, j: number): Vector => v128.load(i32.add(taps, i32.mul(tapStep, 3 * i + j)), { align: 4 });
  return callable(
    'winogradFilter',
    [taps, tapStep, transformed, matrix, vectors],
    [
      repeat(vector, vectors, [
        three((j) => [
          assign(
            g,
            three((i) => load(i, j)),
          ),
          assign(
            four((i) => wide(i, j)),
            timesG(g),
          ),
        ]),
        set(to, transformed),
        four((i) => store(timesG(three((j) => wide(i, j))), matrix)),
        increment(taps, 16),
        increment(transformed, 16),
      ]),
    ],
  );
})();

const [sums, shares, share, shareStep] = i32.locals('sums shares share shareStep');

/** Adds the sums of shares and transforms them to a gradient of the filter: Gᵀ S G. */
const winogradFilterGradient: Func = (() => {
  const narrow = (i: number, j: number): Local<'v128'> => cell('narrow', i, j);
  const s = four((i) => cell('s', i, 0));
  const value = v128.local('value');
  /** The sum of element (i, j) over the shares. */
  const total = (i: number, j: number): Body => [
    set(at, i32.add(sums, i32.mul(matrix, 4 * i + j))),
    set(value, v128.load(at, { align: 4 })),
    repeat(share, i32.sub(shares, 1), [increment(at, shareStep), set(value, add(value, v128.load(at, { align: 4 })))]),
    set(s[i]!, value),
  ];
  return callable(
    'winogradFilterGradient',
    [sums, matrix, shares, shareStep, taps, tapStep, vectors],
    [
      repeat(vector, vectors, [
        four((j) => [
          four((i) => total(i, j)),
          assign(
            three((i) => narrow(i, j)),
            timesGT(s),
          ),
        ]),
        set(to, taps),
        three((i) => store(timesGT(four((j) => narrow(i, j))), tapStep)),
        increment(sums, 16),
        increment(taps, 16),
      ]),
    ],
  );
})();

/** The functions for the kernel module. */
export const winogradFunctions: readonly Func[] = [
  winogradInput,
  winogradOutput,
  winogradGradient,
  winogradFilter,
  winogradFilterGradient,
];
