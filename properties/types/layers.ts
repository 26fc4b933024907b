import {
  addPerSample,
  concat,
  conv2d,
  defn,
  type Dim,
  downsample,
  exp,
  halve,
  layer,
  linear,
  matmul,
  mean,
  mul,
  mulPerSample,
  type Shape,
  square,
  sum,
  sumPerSample,
  type Tensor,
  type TreeSpec,
  zeros,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

const film = layer({ w: 'D 2*C', b: '2*C' }, 'B H W C, B D -> B H W C', (p) => (h, embedding) => {
  const [scale, shift] = halve(linear(embedding, p));
  return F.pipe(h, mulPerSample(scale), addPerSample(shift));
});

declare const h: Tensor<['N', 28, 28, 64]>;
declare const h32: Tensor<['N', 28, 28, 32]>;
declare const embedding: Tensor<['N', 256]>;
declare const embedding255: Tensor<['N', 255]>;
declare const wide: Tensor<['N', Dim, Dim, Dim]>;
declare const unknownShape: Tensor<Shape>;
declare const w: Tensor<[256, 128]>;
declare const b: Tensor<[128]>;
declare const b126: Tensor<[126]>;
declare const b127: Tensor<[127]>;
declare const integers: Tensor<[128], 'int32'>;
declare const generic: { readonly w: Tensor<[256, 'K']>; readonly b: Tensor<['K']> };

expectType<Tensor<['N', 28, 28, 64]>>()(film({ w, b })(h, embedding));
// a symbol of the caller is an extent like any other
declare const symbolic: Tensor<['N', 28, 28, 'K/2']>;
expectType<Tensor<['N', 28, 28, 'K/2']>>()(film(generic)(symbolic, embedding));
// what is wide is checked when the program is traced
expectType<Tensor<['N', Dim, Dim, 64]>>()(film({ w, b })(wide, embedding));
expectType<Tensor<['N', Dim, Dim, 64]>>()(film({ w, b })(unknownShape, embedding));

// @ts-expect-error "arg 1: axis C = 64 (bound earlier) but here 32"
film({ w, b })(h32, embedding);
// @ts-expect-error "arg 2: axis D = 256 (bound earlier) but here 255"
film({ w, b })(h, embedding255);
// @ts-expect-error "arg 1: rank 4 expected, but here 2"
film({ w, b })(embedding, embedding);
// @ts-expect-error "params.b: axis C is 63, but 64 in params.w"
film({ w, b: b126 });
// arguments are not held against parameters that quarrel among themselves
const quarrelling = film(
  // @ts-expect-error "params.b: axis C is 63, but 64 in params.w"
  { w, b: b126 },
);
quarrelling(h, embedding);
// @ts-expect-error "params.b: 127 is odd: it has no half"
film({ w, b: b127 });
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
film({ w, b: integers });
// @ts-expect-error Property 'b' is missing
film({ w });
// @ts-expect-error "arg 1: axis C = 64 (bound earlier) but here 32"
F.pipe(h32, (x) => film({ w, b })(x, embedding));

// a sum in a parameter is checked once its terms are known
const join = layer(
  { k: '3 3 C+D E' },
  'B H W C, B H W D -> B H/2 W/2 E',
  (p) => (x, skip) => F.pipe(x, concat(skip), downsample(p.k)),
);
declare const k96: Tensor<[3, 3, 96, 7]>;
declare const k95: Tensor<[3, 3, 95, 7]>;
declare const k5: Tensor<[5, 3, 96, 7]>;
expectType<Tensor<['N', 14, 14, 7]>>()(join({ k: k96 })(h, h32));
// @ts-expect-error "axis C+D is 95, but its terms give 96"
join({ k: k95 })(h, h32);
// @ts-expect-error "params.k: axis 0 should be 3, but here 5"
join({ k: k5 });

// nested parameters, in a pipe
const nested = layer(
  { conv: { kernel: '3 3 C D' }, out: ['D E'] },
  'B H W C -> B H W E',
  (p) => (x) => F.pipe(x, conv2d(p.conv.kernel), matmul(p.out[0])),
);
declare const deep: {
  readonly conv: { readonly kernel: Tensor<[3, 3, 64, 7]> };
  readonly out: readonly [Tensor<[7, 9]>];
};
expectType<Tensor<['N', 28, 28, 9]>>()(F.pipe(h, nested(deep)));
// @ts-expect-error "arg 1: axis C = 64 (bound earlier) but here 32"
F.pipe(h32, nested(deep));

const project = defn('B N K, B K M, M:int32 -> B N M', (a, c) => F.pipe(a, bmm(c)));
declare const bmm: <K extends Dim, M extends Dim>(
  c: Tensor<['B', K, M]>,
) => <N extends Dim>(a: Tensor<['B', N, K]>) => Tensor<['B', N, M]>;
declare const a: Tensor<['N', 49, 64]>;
declare const c: Tensor<['N', 64, 3]>;
declare const three: Tensor<[3], 'int32'>;
declare const four: Tensor<[4], 'int32'>;
expectType<Tensor<['N', 49, 3]>>()(project(a, c, three));
// @ts-expect-error "arg 3: axis M = 3 (bound earlier) but here 4"
project(a, c, four);
// @ts-expect-error "arg 2: axis K = 64 (bound earlier) but here 49"
project(a, a, three);
// @ts-expect-error Expected 3 arguments, but got 2
project(a, c);

// leading axes are one in the body, and come back
const matmulOver = defn('... C, C D -> ... D', (x, weights) => {
  expectType<Tensor<['...', 'C']>>()(x);
  return matmul(x, weights);
});
declare const w64: Tensor<[64, 10]>;
expectType<Tensor<['N', 28, 28, 10]>>()(matmulOver(h, w64));
expectType<Tensor<[10]>>()(matmulOver(zeros(64), w64));
expectType<Tensor<Shape>>()(matmulOver(unknownShape, w64));
// @ts-expect-error "arg 2: axis C = 63 (bound earlier) but here 64"
matmulOver(zeros(3, 63), w64);
// @ts-expect-error "arg 1: rank 1 or more expected, but here 0"
matmulOver(zeros(), w64);
const twice = defn('... C, ... -> ... C', (x) => x);
expectType<Tensor<[4, 2, 3]>>()(twice(zeros(4, 2, 3), zeros(4, 2)));
// @ts-expect-error "arg 2: leading axes [4, 3], but [4, 2] in arg 1"
twice(zeros(4, 2, 3), zeros(4, 3));

// several results
const moments = defn('B C -> B, B', (x) => [mean(x, 1), mean(square(x), 1)]);
expectType<readonly [Tensor<[4]>, Tensor<[4]>]>()(moments(zeros(4, 3)));
// @ts-expect-error "the result.1: rank 1 expected, but here 2"
defn('B C -> B, B', (x) => [mean(x, 1), x]);
// @ts-expect-error "the result.0: a tensor expected" | "the result.1: a tensor expected"
defn('B C -> B, B', (x) => mean(x, 1));
// @ts-expect-error "the result.1: int32 expected, but here float32"
defn('B C -> B, B:int32', (x) => [mean(x, 1), mean(x, 1)]);

// trees by name
const attend = layer(
  { k: 'C D' },
  { takes: { x: 'B C', more: { scale: 'D', each: ['B'] } }, gives: { mean: 'B D', all: ['B', 'D'] } },
  (p) =>
    ({ x, more }) => ({ mean: matmul(x, p.k), all: [more.each[0], more.scale] }),
);
expectType<{
  readonly mean: Tensor<[4, 10]>;
  readonly all: readonly [Tensor<[4]>, Tensor<[10]>];
}>()(attend({ k: w64 })({ x: zeros(4, 64), more: { scale: zeros(10), each: [zeros(4)] } }));
// @ts-expect-error "input.more.scale: axis D = 10 (bound earlier) but here 11"
attend({ k: w64 })({ x: zeros(4, 64), more: { scale: zeros(11), each: [zeros(4)] } });
const masked = defn({ takes: { x: 'B C', mask: 'B C' }, gives: 'B' }, ({ x, mask }) => sum(mul(x, mask), 1));
expectType<Tensor<[4]>>()(masked({ x: zeros(4, 2), mask: zeros(4, 2) }));
// @ts-expect-error "input.mask: axis C is 3, but 2 in input.x"
masked({ x: zeros(4, 2), mask: zeros(4, 3) });
// @ts-expect-error Property 'mask' is missing
masked({ x: zeros(4, 2) });
// @ts-expect-error "the result.mean: axis 1 should be D, but here C"
layer({ k: 'C D' }, { takes: 'B C', gives: { mean: 'B D' } }, () => (x) => ({ mean: x }));
// @ts-expect-error "the result.mean: a tensor expected"
layer({ k: 'C D' }, { takes: 'B C', gives: { mean: 'B D' } }, () => (x) => ({ men: x }));

// the body has the symbols for dims
// @ts-expect-error "the result: axis 1 should be H/2, but here H"
defn('B H W C -> B H/2 W/2 C', (x) => x);
// @ts-expect-error "the result: axis 0 should be B, but here W"
defn('B H W C -> B C', (x) => sum(x, [0, 1]));
// what is wide is let through, and checked when the program is traced
defn('B H W C, 3 3 C D -> B H W D', (x, kernel) => conv2d(x, kernel, { padding: [[1, 1], [1, 1]] })); // prettier-ignore

// @ts-expect-error a signature has an arrow: B H W C, B D -> B H W C
defn('B H W C', (x) => x);
// @ts-expect-error '->' is not an extent
defn('B -> B -> B', (x) => x);
// @ts-expect-error '$C' is not an extent
defn('B $C -> B', (x) => x);
// @ts-expect-error 'float' is not a dtype: float32, int32 or bool
defn('B C:float -> B', (x) => x);
// @ts-expect-error '$C' is not an extent
defn({ takes: { x: ['B $C'] }, gives: 'B' }, ({ x }) => x[0]);
// @ts-expect-error D is in the result, and in no argument
defn({ takes: { x: 'B C' }, gives: { y: 'B D' } }, ({ x }) => ({ y: x }));
// @ts-expect-error '...' is not an extent
defn('B ... C -> B', (x) => x);
defn('B Z B Z -> B', (mu, logVar) => {
  // @ts-expect-error Argument of type 'NotInTheSignature' is not assignable to parameter of type 'Tensor<
  exp(logVar);
  return sumPerSample(mu);
});
// @ts-expect-error D is in the result, and in no argument
defn('B C -> B D', (x) => x);
// @ts-expect-error ... is in the result, and in no argument
defn('C -> ... C', (x) => x);
// @ts-expect-error a signature has one to three arguments
defn('A, B, C, D -> A', (x) => x);
// @ts-expect-error '-1' is not an extent
layer({ w: 'D -1' }, 'B D -> B D', () => (x) => x);

// what has no half is told where it is bound
const halves = defn('2*C -> C', (x) => halve(x)[0]);
// @ts-expect-error "arg 1: 7 is odd: it has no half"
halves(zeros(7));
// the symbols of a parsed spec are those of the body, and not the caller's
declare const pairs: TreeSpec<{ readonly y: Tensor<['B', 'C']> }>;
const named = defn({ takes: { x: 'B C' }, gives: pairs }, ({ x }) => ({ y: x }));
expectType<Tensor<Shape>>()(named({ x: zeros(4, 2) }).y);
