import {
  add,
  addBias,
  addPerSample,
  affine,
  ascribeLike,
  attention,
  averagePool,
  batchedMatmul,
  concat,
  conv2d,
  type Dim,
  downsample,
  groupNorm,
  layerNorm,
  matmul,
  scaleBy,
  silu,
  softmax,
  type Tensor,
  upsample,
} from '../../src/dsl/index.js';
import { unwrap } from '../../src/index.js';
import { F } from '../../src/internal/fp.js';
import { unet, type UNet, type UNetConfig } from '../../src/nn/index.js';
import { expectType } from './expect.js';

declare const x: Tensor<['B', 28, 28, 64]>;
declare const kernel: Tensor<[3, 3, 64, 128]>;
declare const unfit: Tensor<[3, 3, 63, 128]>;
declare const bias: Tensor<[128]>;
declare const embedding: Tensor<['B', 128]>;
declare const norm: { readonly gamma: Tensor<[128]>; readonly beta: Tensor<[128]> };
declare const w: Tensor<[128, 10]>;
declare const b: Tensor<[10]>;
declare const scales: Tensor<['B']>;
declare const symbolic: Tensor<['B', 'H', 'W', 'C']>;
declare const square: Tensor<[3, 3, 'C', 'C']>;
declare const tokens: Tensor<['B', 7, 128]>;
declare const fewer: Tensor<['B', 6, 128]>;
declare const isToken: Tensor<['B', 7], 'bool'>;
declare const counts: Tensor<['B', 7]>;
declare const odd: Tensor<['B', 7, 'W', 'C']>;

const block = F.pipe(
  x,
  conv2d(kernel),
  addBias(bias),
  addPerSample(embedding),
  groupNorm(norm, { groups: 8 }),
  silu,
  (h) => scaleBy(h, scales),
);
expectType<Tensor<['B', 28, 28, 128]>>()(block);
expectType<Tensor<['B', 14, 14, 128]>>()(F.pipe(x, downsample(kernel)));
expectType<Tensor<['B', 28, 28, 128]>>()(F.pipe(x, downsample(kernel), upsample));
expectType<Tensor<['B', 10, 10, 128]>>()(F.pipe(x, conv2d(kernel, { strides: [3, 3] })));
expectType<Tensor<['B', 14, 14, 64]>>()(averagePool(x));
expectType<Tensor<['B', 28, 28, 128]>>()(attention(block, block, block, { heads: 4 }));
expectType<Tensor<['B', 10]>>()(F.pipe(embedding, affine({ w, b }), softmax()));
expectType<Tensor<['B', 28, 28, 10]>>()(F.pipe(block, matmul(w)));
expectType<Tensor<['B', 28, 28, 128]>>()(F.pipe(block, layerNorm(norm)));

// @ts-expect-error Type '64' is not assignable to type '63'
F.pipe(x, conv2d(unfit));
// @ts-expect-error axis 2 of the kernel must be 64, the channels of the image; it is 63
conv2d(x, unfit);
// @ts-expect-error Type '10' is not assignable to type '128'
F.pipe(block, groupNorm({ gamma: bias, beta: b }, { groups: 2 }));
// @ts-expect-error Type '128' is not assignable to type '10'
affine({ w, b: bias });
// @ts-expect-error Type '128' is not assignable to type '64'
attention(x, x, block, { heads: 4 });
expectType<Tensor<['B', 28, 28, 128]>>()(attention(block, tokens, tokens, { heads: 4, mask: isToken }));
// @ts-expect-error Type '"float32"' is not assignable to type '"bool"'
attention(block, tokens, tokens, { heads: 4, mask: counts });
// @ts-expect-error Type '7' is not assignable to type '6'
attention(block, fewer, fewer, { heads: 4, mask: isToken });
// @ts-expect-error Type '64' is not assignable to type '128'
F.pipe(x, addPerSample(embedding));
// @ts-expect-error Type '64' is not assignable to type '28'
F.pipe(x, batchedMatmul(x));

// halved and doubled, an extent is the old symbol, so that a skip connection fits
const deep = F.pipe(symbolic, downsample(square), downsample(square));
expectType<Tensor<['B', '(H/2)/2', '(W/2)/2', 'C']>>()(deep);
expectType<Tensor<['B', 'H', 'W', '2*C']>>()(F.pipe(deep, upsample, upsample, concat(symbolic)));
// @ts-expect-error Type '"H/2"' is not assignable to type '"H"'
F.pipe(deep, upsample, concat(symbolic));

// an odd size cannot be halved
// @ts-expect-error the height is 7, which is odd
downsample(odd, square);

// inside a function whose extents are parameters, with channels from a configuration
interface BlockParams {
  readonly kernel: Tensor<[3, 3, Dim, Dim]>;
  readonly norm: { readonly gamma: Tensor<[Dim]>; readonly beta: Tensor<[Dim]> };
}
export const generic =
  (p: BlockParams) =>
  <B extends Dim, H extends Dim, W extends Dim>(
    image: Tensor<[B, H, W, Dim]>,
    e: Tensor<[B, Dim]>,
  ): Tensor<[B, H, W, Dim]> =>
    F.pipe(
      image,
      groupNorm(p.norm, { groups: 8 }),
      silu,
      conv2d(p.kernel),
      addPerSample(e),
      concat(image),
      conv2d(p.kernel),
      (h) => add(h, image),
    );
export const network =
  (p: BlockParams) =>
  <B extends Dim, I extends readonly [Dim, Dim, Dim]>(
    image: Tensor<[B, ...I]>,
    wide: Tensor<[B, Dim, Dim, Dim]>,
  ): Tensor<[B, ...I]> =>
    F.pipe(wide, downsample(p.kernel), upsample, conv2d(p.kernel), ascribeLike(image));

declare const config: UNetConfig;
declare const some: boolean;
declare const names: readonly string[];
const size = { image: [28, 28, 1], base: 8, multipliers: [1, 2] } as const;

// the type of a U-Net shows its conditions: those of a literal, whose names and sizes are known
expectType<UNet<[28, 28, 1], {}>>()(unwrap(unet(size)));
expectType<UNet<[28, 28, 1], { readonly label: 10 }>>()(unwrap(unet({ ...size, conditions: { label: 10 } })));
interface Face {
  readonly hair: readonly ['short', 'long'];
  readonly palette: { readonly vector: 8; readonly at: 'input' };
  readonly style: readonly string[];
}
const face = unwrap(
  unet({ ...size, conditions: { hair: ['short', 'long'], palette: { vector: 8, at: 'input' }, style: names } }),
);
expectType<UNet<[28, 28, 1], { [N in keyof Face]: Face[N] }>>()(face);
// a network that may lack them may have any
expectType<UNet<[28, 28, 1]>>()(unwrap(unet({ ...size, ...(some && { conditions: { label: 10 } }) })));
expectType<UNet<[28, 28, 1], { readonly label?: 10 }>>()(
  unwrap(unet({ ...size, conditions: { ...(some && { label: 10 }) } })),
);
// unknown if the configuration is
expectType<UNet<[Dim, Dim, Dim]>>()(unwrap(unet(config)));
expectType<UNet<[28, 28, 1]>>()(unwrap(unet<typeof size.image>(size)));
export const upcast: UNet<[28, 28, 1]> = face;

// @ts-expect-error 'clases' does not exist in type
unet({ ...size, conditions: { label: { clases: 10 } } });
// @ts-expect-error 'att' does not exist in type
unet({ ...size, conditions: { palette: { vector: 8, att: 'input' } } });
// @ts-expect-error Type 'string' is not assignable to type 'ConditionConfig'
unet({ ...size, conditions: { label: '10' } });
// @ts-expect-error 'conditons' is not an option: did you mean 'conditions'?
unet({ ...size, conditons: { label: 10 } });
// the fields that stood for conditions before these had names
// @ts-expect-error 'classes' is not an option
unet({ ...size, classes: 10 });
