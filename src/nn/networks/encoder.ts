/** The encoder of a U-Net or a classifier: blocks and changes of the resolution, down to the bottleneck. */
import { add, addBias, checkpoint, conv2d, type Dim, fork, type Key, mul, type Tensor } from '../../dsl/index.js';
import { headsOver } from '../layers/heads.js';
import { type Bound, type Layer, uncheckedLayer as layer } from '../layers/layer.js';
import { convLayer, type ConvParams, convParts, downsampleLayer, upsampleLayer } from '../layers/layers.js';
import { attentionBlock } from './attentionBlock.js';
import { embeddingOf, type Encoder, inputChannelsOf, levelsOf } from './encoderConfig.js';
import { doubled, type Filter, filtered, halved, reachOf } from './resampling.js';
import { downsampleBlock, residualBlock, type ResidualBlockParams, upsampleBlock } from './residualBlock.js';
import { type UNetBlock, unetBlock } from './unetBlock.js';

/** Images of a batch, `[B, H, W, C]`. */
export type Images<B extends Dim> = Tensor<[B, Dim, Dim, Dim]>;

/** A bound block: images and an embedding `[B, E]` → images. Without a key there is no dropout. */
export type Block = <B extends Dim>(x: Images<B>, embedding: Tensor<[NoInfer<B>, Dim]>, dropout?: Key) => Images<B>;

/** The parameters of a change of resolution: those of a convolution, of a residual block, or none. */
export interface ResamplingParams extends Partial<ConvParams<Dim, Dim>>, Partial<ResidualBlockParams> {}

type Resampling = Layer<ResamplingParams, Block>;

/** The options of all residual blocks. */
const residualOptions = (c: Encoder) => {
  const { groups, epsilon, adaptiveGroupNorm, dropout, rescale } = c;
  return { groups, epsilon, adaptiveGroupNorm, dropout, rescale, embedding: embeddingOf(c).embedding };
};

/** A block of a level, with attention if there are heads. */
export const blockOf = (c: Encoder, inputs: number, outputs: number, heads: number | null): UNetBlock =>
  unetBlock({ ...residualOptions(c), inputs, outputs, heads });

/** Makes the layer that halves or doubles images. */
export const resampling = (c: Encoder, to: 'half' | 'double', channels: number): Resampling => {
  const isHalf = to === 'half';
  if (c.resample === 'pool')
    return layer({}, () => (x) => (isHalf ? halved(x, c.filter) : doubled(x, c.filter)) as never); // of C channels
  if (c.resample === 'convolution')
    return (isHalf ? downsampleLayer({ channels, padding: c.padding }) : upsampleLayer({ channels })) as Resampling;
  const isProjected = c.resample === 'projected';
  const options = { ...residualOptions(c), filter: c.filter, projection: isProjected, inputs: channels };
  return (isHalf ? downsampleBlock : upsampleBlock)({ ...options, outputs: channels }) as Resampling; // of any size
};

/**
 * Halves images by a 3×3 convolution and a filter: `[B, H, W, inputs]` → `[B, H/2, W/2, outputs]`. The images are
 * padded once for both. NCSN++ (Song et al. 2021), in the form of Karras et al. 2022.
 */
const shortcutLayer = (inputs: number, outputs: number, filter: Filter) => {
  const around = [1 + reachOf(filter), 1 + reachOf(filter)] as const;
  return layer(convParts<number, number>({ inputs, outputs }), ({ kernel, bias }) => <B extends Dim>(x: Images<B>) =>
    addBias(filtered(conv2d(x, kernel, { padding: [around, around] }), filter, 0), bias),
  ); // prettier-ignore
};

/** The layers of the encoder, for images of some channels. `levels` go from full resolution to the bottleneck. */
export const encoderLayers = (c: Encoder, channels: number) => {
  const levels = levelsOf(c);
  const widths = [inputChannelsOf(c), ...levels.map((level) => level.channels)]; // the channels that enter each level, and those that leave the last
  const bottom = widths.at(-1)!;
  const residual = residualBlock({ ...residualOptions(c), inputs: bottom, outputs: bottom });
  const { heads, groups, epsilon, rescale } = c;
  const options = { channels: bottom, heads, epsilon, rescale };
  return {
    input: convLayer({ inputs: channels, outputs: widths[0]! }),
    levels: levels.map((level, l) => ({
      ...(c.encoder === 'residual' &&
        l > 0 && { shortcut: shortcutLayer(l === 1 ? channels : widths[l - 1]!, widths[l]!, c.filter) }),
      down: Array.from({ length: c.blocks }, (_, j) =>
        blockOf(c, j === 0 ? widths[l]! : level.channels, level.channels, level.attends ? headsOver(heads, level.channels) : null),
      ), // prettier-ignore
      ...(l + 1 < levels.length && { downsample: resampling(c, 'half', level.channels) }),
    })),
    middle: {
      before: residual,
      ...(c.middle !== 'residual' && {
        attention: attentionBlock({ ...options, groups: c.middle === 'attention' ? groups : null }),
      }),
      after: residual,
    },
  };
};

/** Bound layers of the encoder. */
export type EncoderNet = Bound<ReturnType<typeof encoderLayers>>;

/** Calls a block, given by its path, with the embedding and a key for its dropout. */
export type Call<B extends Dim> = (path: string, block: Block) => (x: Images<B>) => Images<B>;

/** Calls blocks with an embedding. Each gets a key of its own path; with `recompute` its intermediate results are not stored. */
export const callOf =
  <B extends Dim>(c: Encoder, embedding: Tensor<[B, Dim]>, dropout: Key | undefined): Call<B> =>
  (path, block) => {
    const key = dropout === undefined || c.dropout === 0 ? undefined : fork(dropout, path)[path];
    const called = (x: Images<B>): Images<B> => block(x, embedding as Tensor<[NoInfer<B>, Dim]>, key);
    return c.recompute ? checkpoint(called) : called;
  };

/**
 * The activations of each level of the encoder, from full resolution: the input of the level, and the output of each
 * block.
 */
export const encoded = <B extends Dim>(
  net: EncoderNet,
  images: Images<B>,
  call: Call<B>,
): readonly (readonly Images<B>[])[] => {
  const levels: (readonly Images<B>[])[] = [];
  let side = images; // for a residual encoder: the image, halved at each level
  for (const [l, { shortcut, down }] of net.levels.entries()) {
    const above = net.levels[l - 1]?.downsample;
    let entered = above === undefined ? net.input(images) : call(`levels.${l - 1}.downsample`, above)(levels[l - 1]!.at(-1)!); // prettier-ignore
    if (shortcut !== undefined) entered = side = mul(add(entered, shortcut(side)), Math.SQRT1_2);
    const results = [entered];
    for (const [j, block] of down.entries()) results.push(call(`levels.${l}.down.${j}`, block)(results.at(-1)!));
    levels.push(results);
  }
  return levels;
};

/** The bottleneck: `[B, H, W, C]` → `[B, H, W, C]`. */
export const throughMiddle = <B extends Dim>({ middle }: EncoderNet, x: Images<B>, call: Call<B>): Images<B> => {
  const { before, attention, after } = middle;
  const h = call('middle.before', before)(x);
  return call('middle.after', after)(attention === undefined ? h : call('middle.attention', attention)(h));
};
