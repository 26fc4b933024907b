import {
  addPerSample,
  concat,
  conv2d,
  defn,
  type Dim,
  downsample,
  halve,
  layer,
  linear,
  matmul,
  mulPerSample,
  type Shape,
  sumOver,
  type Tensor,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

const film = layer({ w: 'D 2*C', b: '2*C' }, 'B H W C, B D -> B H W C', (p) => (h, embedding) => {
  const [scale, shift] = halve()(linear(p)(embedding));
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
// @ts-expect-error "params.b: axis C is 63, but elsewhere it differs"
film({ w, b: b126 });
// arguments are not held against parameters that quarrel among themselves
const quarrelling = film(
  // @ts-expect-error "params.b: axis C is 63, but elsewhere it differs"
  { w, b: b126 },
);
quarrelling(h, embedding);
// @ts-expect-error "params.b: axis C is 127 is odd: it has no half, but elsewhere it differs"
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
// @ts-expect-error "axis C+D = 95 (bound earlier) but here 96"
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

// the body has the symbols for dims
// @ts-expect-error Type '"H"' is not assignable to type '"H/2"'
defn('B H W C -> B H/2 W/2 C', (x) => x);
// @ts-expect-error is not assignable to type '"B"'
defn('B H W C -> B C', (x) => sumOver(0, 1)(x));
// @ts-expect-error a signature has an arrow: B H W C, B D -> B H W C
defn('B H W C', (x) => x);
// @ts-expect-error a signature has one to three arguments
defn('A, B, C, D -> A', (x) => x);
// @ts-expect-error '-1' is not an extent
layer({ w: 'D -1' }, 'B D -> B D', () => (x) => x);
