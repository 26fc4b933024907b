/** Operations that keep shapes: dims, reshape, rearrange, attention, pixel shuffle, in both forms. */
import {
  ascribe,
  ascribeLike,
  attention,
  broadcastLike,
  broadcastTo,
  type Dim,
  dims,
  expandDims,
  pixelShuffle,
  pixelUnshuffle,
  rearrange,
  reshape,
  type Shape,
  sinusoid,
  squeeze,
  type Tensor,
  transpose,
} from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const x: Tensor<['B', 28, 28, 64]>;
declare const integers: Tensor<['B', 28, 28, 64], 'int32'>;
declare const symbols: Tensor<['B', 'H', 'W', 'C']>;
declare const wide: Tensor<[Dim, Dim]>;
declare const anything: Tensor<Shape>;
declare const n: number;

// dims
expectType<readonly [number, number, number, number]>()(dims(x));
expectType<readonly number[]>()(dims(anything));
expectType<readonly []>()(dims(reshape(anything)));
expectType<number>()([x, symbols].map(dims)[0]![3]);

// reshape
expectType<Tensor<['B', 784, 64]>>()(reshape(x, 'B', 784, 64));
expectType<Tensor<['B', 784, 64]>>()(reshape(x, -1, 784, 64));
expectType<Tensor<['B', 784, 64], 'int32'>>()(reshape(integers, 'B', -1, 64));
expectType<Tensor<['B', 784, 64], 'int32'>>()(F.pipe(integers, reshape('B', -1, 64)));
expectType<Tensor<['B', 'H*W', 'C']>>()(F.pipe(symbols, reshape('B', -1, 'C')));
expectType<Tensor<['B*H', 'W', 'C']>>()(reshape(symbols, -1, 'W', 'C'));
expectType<Tensor<[Dim, 'C']>>()(reshape(symbols, n, 'C'));
expectType<Tensor<[Dim, Dim]>>()(reshape(x, -1, n));
expectType<Tensor<[Dim, 5]>>()(reshape(wide, -1, 5));
expectType<Tensor<[Dim, 5]>>()(reshape(anything, -1, 5));
expectType<Tensor<[]>>()(reshape(anything));
expectType<Tensor<[]>>()(F.pipe(anything, reshape()));
expectType<Tensor<Dim[]>>()(reshape(anything, ...dims(anything)));
expectType<Tensor<[Dim, Dim]>>()(reshape(anything, ...dims(wide)));
expectType<Tensor<[Dim, Dim]>>()(F.pipe(anything, reshape(...dims(wide))));
// @ts-expect-error 'C' is not at the same end of [B, 28, 28, 64]: write -1, or use rearrange
reshape(x, 'C', -1);
// @ts-expect-error 'W' is not at the same end of [B, 28, 28, 64]: write -1, or use rearrange
reshape(x, 'B', 28, 'W', 3);
// @ts-expect-error 'C' is not at the same end of [B, 28, 28, 64]: write -1, or use rearrange
F.pipe(x, reshape('C', -1));
// @ts-expect-error 'B' is not at the same end of [Dim, Dim]: write -1, or use rearrange
reshape(wide, 'B', -1);
// @ts-expect-error 2.5 is not an integer
reshape(x, 2.5, 3);
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'Tensor<
reshape(3, -2);
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'Tensor<
reshape(3, x);
// @ts-expect-error 12 does not divide 50176
export const indivisible: Tensor<['B', 12, 64]> = reshape(x, 'B', 12, -1);

// transpose, broadcastTo, broadcastLike, expandDims, squeeze, ascribe
expectType<Tensor<['B', 64, 28, 28]>>()(transpose(x, 0, 3, 1, 2));
expectType<Tensor<['B', 64, 28, 28], 'int32'>>()(F.pipe(integers, transpose(0, 3, 1, 2)));
expectType<Tensor<Shape>>()(transpose(anything, 0, 3, 1, 2));
// @ts-expect-error a permutation names each axis once
transpose(x, 0, 1);
// @ts-expect-error no axis 5 in a shape of rank 4
transpose(x, 0, 1, 2, 5);
expectType<Tensor<[8, 28, Dim]>>()(broadcastTo(wide, 8, 28, n));
expectType<Tensor<[8, 28, Dim]>>()(F.pipe(wide, broadcastTo(8, 28, n)));
expectType<Tensor<Dim[]>>()(broadcastTo(wide, ...dims(anything)));
// @ts-expect-error 2.5 is not an integer
broadcastTo(wide, 2, 2.5);
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'Tensor<
broadcastTo(2, wide);
expectType<Tensor<['B', 28, 28, 64]>>()(broadcastLike(wide, x));
expectType<Tensor<['B', 28, 28, 64]>>()(F.pipe(wide, broadcastLike(x)));
expectType<Tensor<['B', 28, 28, 1, 64], 'int32'>>()(expandDims(integers, 3));
expectType<Tensor<['B', 28, 28, 1, 64], 'int32'>>()(F.pipe(integers, expandDims(3)));
expectType<Tensor<[28, 28, 64]>>()(squeeze(x, 0));
expectType<Tensor<[28, 28, 64]>>()(F.pipe(x, squeeze(0)));
expectType<Tensor<['B', 28]>>()(ascribe(wide, 'B', 28));
expectType<Tensor<['B', 28]>>()(F.pipe(wide, ascribe('B', 28)));
expectType<Tensor<[Dim, Dim]>>()(ascribe(anything, ...dims(wide)));
// @ts-expect-error -1 is negative
ascribe(wide, 'B', -1);
// @ts-expect-error 'H/' is not an extent
ascribe(wide, 'B', 'H/');
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'Tensor<
F.pipe(wide, ascribe('B', -1));
expectType<Tensor<['B', 28, 28, 64]>>()(ascribeLike(anything, x));
expectType<Tensor<['B', 28, 28, 64]>>()(F.pipe(anything, ascribeLike(x)));

// rearrange
expectType<Tensor<['B', 4, 784, 16]>>()(rearrange(x, 'B H W (N D) -> B N (H W) D', { N: 4 }));
expectType<Tensor<['B', 4, 784, 16]>>()(F.pipe(x, rearrange('B H W (N D) -> B N (H W) D', { N: 4 })));
expectType<Tensor<['B', 784, 64]>>()(rearrange(x, 'B H W C -> B (H W) C'));
expectType<Tensor<['B', 784, 64], 'int32'>>()(F.pipe(integers, rearrange('B H W C -> B (H W) C')));
expectType<Tensor<['B', 'H*W', 'C']>>()(F.pipe(symbols, rearrange('B H W C -> B (H W) C')));
expectType<Tensor<['B', 'H*W', 'C']>>()(F.pipe(symbols, rearrange('b h w c -> b (w h) c')));
expectType<Tensor<['B', 'H/2', 'W/2', '4*C']>>()(
  rearrange(symbols, 'B (H P) (W Q) C -> B H W (P Q C)', { P: 2, Q: 2 }),
);
expectType<Tensor<['B', 'N', 4, 'C/4']>>()(
  F.pipe(ascribe(anything, 'B', 'N', 'C'), rearrange('B N (h d) -> B N h d', { h: 4 })),
);
expectType<Tensor<['B', 28, 64, 28]>>()(rearrange(x, '... W C -> ... C W'));
expectType<Tensor<['64*B', 28, 28]>>()(rearrange(x, 'B H W C -> (B C) H W'));
expectType<Tensor<['784*B', 64]>>()(rearrange(x, '... C -> (...) C'));
expectType<Tensor<['B', 784, 64]>>()(rearrange(x, 'B ... C -> B (...) C'));
expectType<Tensor<['B', 64]>>()(rearrange(ascribe(anything, 'B', 1, 64), 'B 1 C -> B C'));
expectType<Tensor<['B', 1, Dim]>>()(rearrange(ascribe(anything, 'B', n), 'B C -> B 1 C'));
expectType<Tensor<['B', Dim, 3]>>()(rearrange(ascribe(anything, 'B', n), 'B (N D) -> B N D', { D: 3 }));
expectType<Tensor<['B', 28, 28, Dim, Dim]>>()(rearrange(x, 'B H W (N D) -> B H W N D', { N: n }));
expectType<Tensor<[Dim, Dim]>>()(rearrange(anything, 'A B C -> (A B) C'));
expectType<Tensor<Shape>>()(rearrange(anything, 'A ... -> ... A'));
expectType<Tensor<['B', 28, 28]>>()(rearrange(ascribe(anything, 'B', 28, 28, 1), '... 1 -> ...'));
expectType<Tensor<Shape>>()(rearrange(x, n > 1 ? 'A B C D -> D C B A' : ('' as string)));
// @ts-expect-error 'B H W C -> B H W': C is not on the right
rearrange(x, 'B H W C -> B H W');
// @ts-expect-error 'B H W C -> B H W C K': K is not on the left
rearrange(x, 'B H W C -> B H W C K');
// @ts-expect-error 'B H W C -> B H W C C': an axis appears twice
rearrange(x, 'B H W C -> B H W C C');
// @ts-expect-error 'B H W 2 -> B H W 2': '2' is not the name of an axis
rearrange(x, 'B H W 2 -> B H W 2');
// @ts-expect-error 'B H C -> B C H' does not fit [B, 28, 28, 64]
rearrange(x, 'B H C -> B C H');
// @ts-expect-error 'B 1 W C -> B W C' does not fit [B, 28, 28, 64]: 1 stands for an axis of 1
rearrange(x, 'B 1 W C -> B W C');
// @ts-expect-error 'B H W (N C) -> B C H W N': give N or C a size
rearrange(x, 'B H W (N C) -> B C H W N');
// @ts-expect-error M is not an axis of 'B H W (N C) -> B C H W N'
rearrange(x, 'B H W (N C) -> B C H W N', { N: 4, M: 3 });
// @ts-expect-error M is not an axis of 'B H W (N C) -> B C H W N'
F.pipe(x, rearrange('B H W (N C) -> B C H W N', { N: 4, M: 3 }));
// @ts-expect-error 'B W C -> B C W' does not fit [B, 28, 28, 64]
F.pipe(x, rearrange('B W C -> B C W'));
// @ts-expect-error 'B H W C B C W H' has no arrow: write it like B H W C -> B (H W) C
F.pipe(x, rearrange('B H W C B C W H'));
// @ts-expect-error a pattern, like B H W C -> B (H W) C
rearrange(x, { N: 3 });
// @ts-expect-error an axis of 64 cannot be divided by 5
rearrange(x, 'B H W (N C) -> B H W N C', { N: 5 });
// @ts-expect-error an axis of 28 has the size 27
rearrange(x, 'B H W C -> B C W H', { H: 27 });

// attention
declare const text: Tensor<['B', 77, 64]>;
declare const other: Tensor<['B', 77, 32]>;
declare const longer: Tensor<['B', 80, 64]>;
expectType<Tensor<['B', 28, 28, 64]>>()(attention(x, x, x, { heads: 4 }));
expectType<Tensor<['B', 28, 28, 64]>>()(attention(x, text, text, { heads: 4 }));
expectType<Tensor<['B', 77, 64]>>()(attention(text, longer, longer, { heads: 4 }));
expectType<Tensor<['B', 77, 64]>>()(attention(text, x, x, { heads: 4 }));
expectType<Tensor<['B', 28, 28, 64]>>()(attention(x, text, text, { heads: 4 }));
// @ts-expect-error Type '32' is not assignable to type '64'
attention(text, other, other, { heads: 4 });
// @ts-expect-error Type '80' is not assignable to type '77'
attention(text, text, longer, { heads: 4 });
// @ts-expect-error Type '32' is not assignable to type '64'
attention(x, text, other, { heads: 4 });
// @ts-expect-error Type '32' is not assignable to type '64'
attention(x, other, other, { heads: 4 });
// @ts-expect-error 'head' is not an option: did you mean 'heads'?
attention(x, x, x, { head: 4 });

// pixel shuffle
expectType<Tensor<['B', 56, 56, 16]>>()(pixelShuffle(x, 2));
expectType<Tensor<['B', 56, 56, 16]>>()(F.pipe(x, pixelShuffle(2)));
expectType<Tensor<['B', 14, 14, 256]>>()(pixelUnshuffle(x, 2));
expectType<Tensor<['B', '2*H', '2*W', 'C/4']>>()(pixelShuffle(symbols, 2));
expectType<Tensor<['B', 'H', 'W', 'C']>>()(F.pipe(symbols, pixelUnshuffle(3), pixelShuffle(3)));
expectType<Tensor<['B', Dim, Dim, Dim]>>()(pixelShuffle(x, n));
// @ts-expect-error 64 channels cannot be divided by 9, the square of 3
pixelShuffle(x, 3);

// sinusoid
declare const t: Tensor<['B']>;
expectType<Tensor<['B', 64]>>()(sinusoid(t, { size: 64, sinusoid: 'ddpm' }));
expectType<Tensor<['B', Dim]>>()(F.pipe(t, sinusoid({ size: n, sinusoid: { first: 'sine', shift: 0 } })));
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
sinusoid(reshape(integers, -1), { size: 64, sinusoid: 'ddpm' });
// @ts-expect-error -2 is negative
sinusoid(t, { size: -2, sinusoid: 'ddpm' });
// @ts-expect-error 'period' does not exist in type
sinusoid(t, { size: 64, sinusoid: 'ddpm', period: 100 });

// inside functions whose dims are parameters
export const flattened = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: Tensor<[B, H, W, C]>,
): Tensor<[B, Dim, C]> => rearrange(image, 'B H W C -> B (H W) C');
export const patches = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: Tensor<[B, H, W, C]>,
): Tensor<[B, C, Dim, Dim]> => F.pipe(image, rearrange('B (H P) W C -> B C (W P) H', { P: 4 }));
export const attended = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: Tensor<[B, H, W, C]>,
  context: Tensor<[B, Dim, C]>,
): Tensor<[B, H, W, C]> => attention(attention(image, context, context, { heads: 4 }), image, image, { heads: 4 });
export const columns = <B extends Dim, H extends Dim>(y: Tensor<[B, H]>): Tensor<[Dim, Dim, 3]> =>
  reshape(y, dims(y)[0], -1, 3);
export const rows = <B extends Dim, I extends Shape>(y: Tensor<[B, ...I]>): Tensor<[Dim, Dim]> =>
  F.pipe(reshape(y, dims(y)[0], -1), reshape(dims(y)[0], -1));
export const turned = <B extends Dim, C extends Dim>(y: Tensor<[B, C]>): Tensor<[C, B]> => transpose(y, 1, 0);
export const like = <B extends Dim, I extends Shape>(y: Tensor<[B, ...I]>, z: Tensor<[B]>): Tensor<[B, ...I]> =>
  ascribeLike(broadcastLike(z, y) as Tensor<Shape>, y);
