import {
  add,
  addBias,
  type Affine,
  concat,
  type Dim,
  type Extent,
  iota,
  type Key,
  matmul,
  mulPerSample,
  program,
  type Program,
  type ScaleAndShift,
  silu,
  type Tensor,
  zeros,
  greater,
} from '../../src/dsl/index.js';
import {
  allZeros,
  type AnyLayer,
  attentionBlock,
  type AttentionBlock,
  attentionLayer,
  type Channels,
  classEmbedding,
  convLayer,
  type ConvLayer,
  type ConvParams,
  downsampleLayer,
  dropout,
  fanInNormal,
  gegluLayer,
  groupNormLayer,
  layer,
  type Layer,
  layerNormLayer,
  linearLayer,
  parameter,
  type ParamsOf,
  residualBlock,
  type ResidualBlock,
  type ResidualBlockParams,
  timeEmbedding,
  transformerBlock,
  type TransformerBlock,
  type UNet,
  unetBlock,
  upsampleLayer,
} from '../../src/nn/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const n: number;
declare const either: 64 | 128;
declare const key: Key;
declare const x: Tensor<['B', 28, 28, 64]>;
declare const x32: Tensor<['B', 28, 28, 32]>;
declare const e: Tensor<['B', 256]>;
declare const e255: Tensor<['B', 255]>;
declare const other: Tensor<['N', 256]>;
declare const integers: Tensor<['B', 28, 28, 64], 'int32'>;

// a layer has the extents of its configuration; a number is wide
expectType<ConvLayer<3, 64>>()(convLayer({ inputs: 3, outputs: 64 }));
expectType<ConvLayer<3, Dim>>()(convLayer({ inputs: 3, outputs: n }));
expectType<Layer<Tensor<[3, Dim]>, Tensor<[3, Dim]>>>()(parameter(fanInNormal(), 3, n));
// @ts-expect-error Type '64 | 128' is not assignable to type '"an extent must not be a union"'
convLayer({ inputs: 3, outputs: either });
// @ts-expect-error Type 'number' is not assignable to type '"-1 is negative"'
linearLayer({ inputs: -1, outputs: 64 });
// @ts-expect-error Argument of type '1.5' is not assignable to parameter of type '"1.5 is not an integer"'
parameter(allZeros, 1.5);

// the parameters of the whole are the tree of those of its parts, an absent part has none
const net = layer(
  {
    conv: convLayer({ inputs: 64, outputs: 32 }),
    norms: [groupNormLayer({ channels: 32, groups: 8 })] as const,
    gate: parameter(allZeros, 32),
    ...(n > 0 && { head: linearLayer({ inputs: 32, outputs: 10 }) }),
  },
  ({ conv, norms, gate, head }) => {
    expectType<Tensor<[32]>>()(gate);
    return <B extends Dim>(images: Tensor<[B, 28, 28, 64]>) => {
      const h = norms[0](conv(images));
      expectType<Tensor<[B, 28, 28, 32]>>()(h);
      // @ts-expect-error Type '32' is not assignable to type '64'
      conv(h);
      return head === undefined ? zeros(10) : head(gate);
    };
  },
);
expectType<{
  readonly conv: ConvParams<64, 32>;
  readonly norms: readonly [ScaleAndShift<32>];
  readonly gate: Tensor<[32]>;
  readonly head?: Affine<32, 10>;
}>()(net.init(key));
declare const params: ParamsOf<typeof net>;
net.apply(params)(x);
// @ts-expect-error Type '32' is not assignable to type '64'
net.apply(params)(x32);
// @ts-expect-error Property 'gate' is missing
net.apply({ conv: params.conv, norms: params.norms });
// @ts-expect-error Type '10' is not assignable to type '32'
net.apply({ ...params, gate: zeros(10) });

// the number of channels may be a type parameter: the layers of nn, parameters and constants have one type for it
const gated = <C extends number>(channels: Extent<C>) =>
  layer(
    {
      norm: groupNormLayer({ channels, groups: 4 }),
      conv: convLayer({ inputs: channels, outputs: channels }),
      block: residualBlock({ inputs: channels, outputs: channels, embedding: 256, groups: 4 }),
      attention: attentionBlock({ channels, heads: 4, groups: 4 }),
      scale: linearLayer({ inputs: 256, outputs: channels }),
      mixed: parameter(fanInNormal(), channels, channels),
      gamma: parameter(allZeros, channels),
    },
    ({ norm, conv, block, attention, scale, mixed, gamma }) =>
      <B extends Dim, H extends Dim, W extends Dim>(h: Tensor<[B, H, W, Channels<C>]>, t: Tensor<[B, 256]>) => {
        const attended = norm(attention(block(conv(h), { embedding: t })));
        const scaled = mulPerSample(attended, matmul(scale(t), mixed));
        return add(h, addBias(scaled, add(gamma, zeros(channels))));
      },
  );
const twoWidths = <C extends number, D extends number>(inputs: Extent<C>, outputs: Extent<D>) =>
  layer(
    { first: gated(inputs), conv: convLayer({ inputs, outputs }), last: gated(outputs) },
    ({ first, conv: change, last }) =>
      <B extends Dim, H extends Dim, W extends Dim>(h: Tensor<[B, H, W, Channels<C>]>, t: Tensor<[B, 256]>) => {
        // @ts-expect-error Tensor<[B, H, W, Channels<C>], "float32">' is not assignable to parameter of type 'Tensor<[B, H, W, Wide<D>]
        last(h, t);
        return last(change(first(h, t)), t);
      },
  );
const widening = twoWidths(64, 128);
declare const ofWidening: ParamsOf<typeof widening>;
expectType<Tensor<['B', 28, 28, 128]>>()(widening.apply(ofWidening)(x, e));
// @ts-expect-error Type '32' is not assignable to type '64'
widening.apply(ofWidening)(x32, e);
// @ts-expect-error Argument of type '-1' is not assignable to parameter of type '"-1 is negative"'
gated(-1);
const unknownWidth = gated(n);
declare const ofUnknown: ParamsOf<typeof unknownWidth>;
expectType<Tensor<['B', 28, 28, Dim]>>()(unknownWidth.apply(ofUnknown)(x, e));

// a part is a layer, or a tree of layers: the error is at the member that is not
// @ts-expect-error is not assignable to type '"a part is a layer, parameters, or a record of them"'
layer({ conv: convLayer({ inputs: 3, outputs: 64 }), act: silu }, ({ conv }) => conv);
// @ts-expect-error is not assignable to type '"a part is a layer, parameters, or a record of them"'
layer({ gate: zeros(2) }, () => null);
// @ts-expect-error Type 'number' is not assignable to type '"a part is a layer, parameters, or a record of them"'
layer({ sizes: [3] }, () => null);
declare const model: UNet<[28, 28, 1]>;
// @ts-expect-error is not assignable to type '"a model is not a layer: apply of a layer takes only the parameters"'
layer({ model }, () => null);

// a layer with any parameters is a part like others; its function has its type, and its parameters have none
type OfVectors = (x: Tensor<[Dim, 8]>) => Tensor<[Dim, 8]>;
const residual = (inner: AnyLayer<OfVectors>) =>
  layer({ inner }, (bound) => (h: Tensor<[Dim, 8]>) => add(h, bound.inner(h)));
const square8 = linearLayer({ inputs: 8, outputs: 8 });
const nested = residual(residual(square8));
expectType<Layer<{ readonly inner: unknown }, OfVectors>>()(nested);
expectType<AnyLayer<OfVectors>>()(nested as AnyLayer<OfVectors>);
const mixed: readonly AnyLayer<OfVectors>[] = [square8, nested, residual(square8)];
const stack = layer({ mixed }, (bound) => (h: Tensor<[Dim, 8]>) => bound.mixed.reduce((y, f) => f(y), h));
program({ params: stack.params, h: 'B 8' }, ({ params: given, h }) => stack.apply(given)(h));
program('key', stack.init);
export const anything: readonly AnyLayer<unknown>[] = [square8, convLayer({ inputs: 1, outputs: 2 }), net];
export const ofAny = <F>(of: AnyLayer<F>): Layer<readonly [unknown], F> => layer([of] as const, ([f]) => f);
// @ts-expect-error Type '4' is not assignable to type '8'
residual(linearLayer({ inputs: 8, outputs: 4 }));
// @ts-expect-error is not assignable to parameter of type 'AnyLayer<OfVectors>'
residual(silu);
// @ts-expect-error is not assignable to type 'AnyLayer<unknown>'
export const noLayer: AnyLayer<unknown> = model;

// blocks, with and without a key for dropout
declare const blockParams: ResidualBlockParams<64, 128, 256>;
const made = residualBlock({ inputs: 64, outputs: 128, embedding: 256, groups: 8 });
expectType<ResidualBlock<64, 128, 256>>()(made);
const block = made.apply(blockParams);
expectType<Tensor<['B', 28, 28, 128]>>()(block(x, { embedding: e }));
expectType<Tensor<['B', 28, 28, 128]>>()(block(x, { embedding: e, key }));
expectType<Tensor<['B', 28, 28, 128]>>()(
  unetBlock({ inputs: 64, outputs: 128, embedding: 256, groups: 8, heads: 4 }).apply({
    residual: blockParams,
  })(x, { embedding: e }),
);
// @ts-expect-error Type '32' is not assignable to type '64'
block(x32, { embedding: e });
// @ts-expect-error Type '255' is not assignable to type '256'
block(x, { embedding: e255 });
// @ts-expect-error Type '"N"' is not assignable to type '"B"'
block(x, { embedding: other });
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
block(integers, { embedding: e });
// @ts-expect-error Source has 2 element(s) but target requires 4
block(e, { embedding: x });
// @ts-expect-error Property 'embedding' is missing in type
block(x, e);
// @ts-expect-error Property 'embedding' is missing in type
block(x, { key });
// @ts-expect-error 'embeding' does not exist in type
block(x, { embeding: e });
// a wrong call has the shape of a right one, so that the calls after it are no errors
// @ts-expect-error Type '255' is not assignable to type '256'
expectType<Tensor<['B', 28, 28, 128]>>()(block(x, { embedding: e255 }));

// inside a function whose dims are parameters
export const generic = <B extends Dim, H extends Dim, W extends Dim>(
  h: Tensor<[B, H, W, 64]>,
  t: Tensor<[B, 256]>,
): Tensor<[B, H, W, 192]> => concat(h, block(h, { embedding: t }));

// changes of resolution undo each other
const there = downsampleLayer({ channels: 64 });
const back = upsampleLayer({ channels: 64 });
declare const conv: ConvParams<64, 64>;
declare const symbols: Tensor<['B', 'H', 'W', 64]>;
expectType<Tensor<['B', 'H', 'W', 128]>>()(F.pipe(symbols, there.apply(conv), silu, back.apply(conv), concat(symbols)));
// @ts-expect-error Type '"H/2"' is not assignable to type '"H"'
F.pipe(symbols, there.apply(conv), concat(symbols));

// attention keeps the shape; embeddings are of timesteps or fractional times
expectType<AttentionBlock<64>>()(attentionBlock({ channels: 64, heads: 4, groups: 8 }));
declare const tokens: Tensor<['B', 7, 32]>;
declare const isToken: Tensor<['B', 7], 'bool'>;
declare const isOther: Tensor<['B', 6], 'bool'>;
const crossing = transformerBlock({ channels: 64, tokens: 32, heads: 4, groups: 8 });
expectType<TransformerBlock<64, 32>>()(crossing);
const cross = crossing.apply(crossing.init(key));
expectType<Tensor<['B', 28, 28, 64]>>()(cross(x, { tokens }));
expectType<Tensor<['B', 28, 28, 64]>>()(cross(x, { tokens, mask: isToken }));
// @ts-expect-error Type '32' is not assignable to type '64'
cross(x32, { tokens });
// @ts-expect-error Type '6' is not assignable to type '7'
cross(x, { tokens, mask: isOther });
// @ts-expect-error Property 'tokens' is missing
cross(x, { mask: isToken });
// @ts-expect-error 64 channels cannot be divided by 5 heads
attentionLayer({ channels: 64, tokens: 32, heads: 5 });
const attends = attentionLayer({ channels: 64, tokens: 32, heads: { channels: 16 } });
expectType<Tensor<['B', 28, 28, 64]>>()(attends.apply(attends.init(key))(x, tokens, isToken));
// @ts-expect-error Type '64' is not assignable to type '32'
attends.apply(attends.init(key))(x, x);
const feeds = gegluLayer({ channels: 32, hidden: 128 });
expectType<Tensor<['B', 7, 32]>>()(feeds.apply(feeds.init(key))(tokens));
const norms = layerNormLayer({ channels: 32 });
expectType<Tensor<['B', 7, 32]>>()(norms.apply(norms.init(key))(tokens));
const embedding = timeEmbedding({ timesteps: 10, size: 64, outputs: 256, sinusoid: 'ddpm' });
declare const ofTime: ParamsOf<typeof embedding>;
expectType<Tensor<[8, 256]>>()(embedding.apply(ofTime)(iota(8)));
expectType<Tensor<[8, 256]>>()(embedding.apply(ofTime)(zeros(8)));
// @ts-expect-error Type '"bool"' is not assignable to type '"float32" | "int32"'
embedding.apply(ofTime)(greater(zeros(8), 0));
expectType<Tensor<[8, 256]>>()(classEmbedding({ classes: 10, outputs: 256 }).apply({ table: zeros(11, 256) })(iota(8)));
expectType<Tensor<['B', 28, 28, 64]>>()(dropout(x, 0.1, key));
expectType<Tensor<['B', 28, 28, 64]>>()(F.pipe(x, dropout(0.1, key)));

// the parameters of a layer are an input of a program
expectType<
  Program<
    {
      readonly params: ResidualBlockParams<64, 128, 256>;
      readonly x: Tensor<['B', 28, 28, 64]>;
      readonly e: Tensor<['B', 256]>;
    },
    Tensor<['B', 28, 28, 128]>
  >
>()(
  program({ params: made.params, x: 'B 28 28 64', e: 'B 256' }, (inputs) =>
    made.apply(inputs.params)(inputs.x, { embedding: inputs.e }),
  ),
);
