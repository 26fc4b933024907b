/** The encoder of a U-Net or a classifier: blocks and changes of the resolution, down to the bottleneck. */
import {
  add,
  addBias,
  checkpoint,
  conv2d,
  type Dim,
  dims,
  type Shape,
  showShape,
  type Tensor,
} from '../../dsl/index.js';
import { refuseShape } from '../../internal/errors.js';
import { F } from '../../internal/fp.js';
import { headsOver } from '../layers/heads.js';
import { type Bound, type Layer, layer } from '../layers/layer.js';
import { convLayer, type ConvParams, convParts, downsampleLayer, upsampleLayer } from '../layers/layers.js';
import { attentionBlock } from './attentionBlock.js';
import { embeddingOf, type Encoder, inputChannelsOf, levelsOf } from './encoderConfig.js';
import { scaled } from './rescaling.js';
import { doubled, type Filter, filtered, halved, reachOf } from './resampling.js';
import {
  type BlockContext,
  downsampleBlock,
  residualBlock,
  type ResidualBlockParams,
  upsampleBlock,
} from './residualBlock.js';
import { requiredTokens, type TransformerBlock, transformerBlock } from './transformerBlock.js';
import { unetBlock } from './unetBlock.js';

/** Images of a batch, `[B, H, W, C]`. */
export type Images<B extends Dim> = Tensor<[B, Dim, Dim, Dim]>;

/** A bound block: images, and an embedding of each → images. */
export type Block = <B extends Dim>(x: Images<B>, context: BlockContext<NoInfer<B>>) => Images<B>;

/** A block that stores only its input for the gradient, and computes the rest again. Chen et al. 2016. */
const recomputed = <P>(block: Layer<P, Block>): Layer<P, Block> => ({
  ...block,
  apply: (params) => {
    const bound = block.apply(params);
    return (x, context) => checkpoint((images: typeof x) => bound(images, context))(x);
  },
});

/** The block itself, or with `recompute` the {@link recomputed} block. */
const blockFor = <P>({ recompute }: Encoder, block: Layer<P, Block>) => (recompute ? recomputed(block) : block);

/** The parameters of a change of resolution: those of a convolution, of a residual block, or none. */
export interface ResamplingParams extends Partial<ConvParams<Dim, Dim>>, Partial<ResidualBlockParams> {}

/** The options of all residual blocks. */
const residualOptions = (c: Encoder) => {
  const { groups, epsilon, adaptiveGroupNorm, dropout, rescale } = c;
  return { groups, epsilon, adaptiveGroupNorm, dropout, rescale, embedding: embeddingOf(c).embedding };
};

/** A block of a level, with attention if there are heads, also to tokens of some length. */
export const blockOf = (c: Encoder, inputs: number, outputs: number, heads: number | null, tokens?: number) =>
  blockFor(c, unetBlock({ ...residualOptions(c), inputs, outputs, heads, tokens }));

/** A layer without parameters. */
const withoutParameters = (resized: Block) => layer({}, () => resized);

/** Makes the layer that halves or doubles images. */
export const resampling = (c: Encoder, to: 'half' | 'double', channels: number) => {
  const { filter, padding } = c;
  const block = { ...residualOptions(c), filter, inputs: channels, outputs: channels };
  const projected = { ...block, skipProjection: true };
  const layers = {
    pool: {
      half: () => withoutParameters((x) => halved(x, filter)),
      double: () => withoutParameters((x) => doubled(x, filter)),
    },
    convolution: { half: () => downsampleLayer({ channels, padding }), double: () => upsampleLayer({ channels }) },
    residual: { half: () => downsampleBlock(block), double: () => upsampleBlock(block) },
    projected: { half: () => downsampleBlock(projected), double: () => upsampleBlock(projected) },
  };
  return blockFor(c, layers[c.resample][to]() as Layer<ResamplingParams, Block>); // of any size
};

/**
 * Halves images by a 3×3 convolution and a filter: `[B, H, W, inputs]` → `[B, H/2, W/2, outputs]`. The images are
 * padded once for both. NCSN++ (Song et al. 2021), in the form of Karras et al. 2022.
 */
const shortcutLayer = (inputs: number, outputs: number, filter: Filter) => {
  const around = [1 + reachOf(filter), 1 + reachOf(filter)] as const;
  return layer(convParts<number, number>({ inputs, outputs }), ({ kernel, bias }) => <B extends Dim>(x: Images<B>) =>
    addBias(filtered(conv2d(x, kernel, { padding: [around, around] }), filter, 0), bias),
  ); // oxfmt-ignore
};

/** A transformer block that takes its tokens from the context. */
const transformerAt = (block: TransformerBlock) =>
  layer(
    { block },
    (bound): Block =>
      (x, context) =>
        bound.block(x, requiredTokens('unet', context)),
  );

/** The layers of the encoder, for images of some channels, and tokens of some length. `levels` go from full resolution to the bottleneck. */
export const encoderLayers = (c: Encoder, channels: number, tokens?: number) => {
  const levels = levelsOf(c);
  const widths = [inputChannelsOf(c), ...levels.map((level) => level.channels)]; // the channels that enter each level, and those that leave the last
  const bottom = widths.at(-1)!;
  // two layers with parameters of their own
  const residual = blockFor(c, residualBlock({ ...residualOptions(c), inputs: bottom, outputs: bottom }));
  const { heads, groups, epsilon, rescale } = c;
  const options = { channels: bottom, heads, epsilon, rescale };
  return {
    input: convLayer({ inputs: channels, outputs: widths[0]! }),
    levels: levels.map((level, l) => ({
      ...(c.encoder === 'residual' &&
        l > 0 && { shortcut: shortcutLayer(l === 1 ? channels : widths[l - 1]!, widths[l]!, c.filter) }),
      down: Array.from({ length: c.blocks }, (_, j) =>
        blockOf(c, j === 0 ? widths[l]! : level.channels, level.channels, level.attends ? headsOver(heads, level.channels) : null, tokens),
      ), // oxfmt-ignore
      ...(l + 1 < levels.length && { downsample: resampling(c, 'half', level.channels) }),
    })),
    middle: {
      before: residual,
      ...(c.middle !== 'residual' &&
        tokens !== undefined && {
          transformer: blockFor(c, transformerAt(transformerBlock({ channels: bottom, tokens, heads, groups }))),
        }),
      ...(c.middle !== 'residual' &&
        tokens === undefined && {
          attention: blockFor(c, attentionBlock({ ...options, groups: c.middle === 'attention' ? groups : null })),
        }),
      after: residual,
    },
  };
};

/** Bound layers of the encoder. */
export type EncoderNet = Bound<ReturnType<typeof encoderLayers>>;

/** Returns images of the size of a network. Raises `ShapeError` for others. */
export const imagesFor = <B extends Dim>(where: string, { image }: Encoder, x: Tensor<[B, ...Shape]>): Images<B> => {
  const hint = 'make the model for images of this size';
  if (showShape(dims(x).slice(1)) !== showShape(image))
    refuseShape(where, `images [B, ${image.join(', ')}]`, dims(x), hint);
  return x as unknown as Images<B>; // checked above
};

/** The stack of all activations of the encoder, from the first convolution to the last block. */
export const encoded = <B extends Dim>(net: EncoderNet, images: Images<B>, context: BlockContext<NoInfer<B>>) => {
  const activations: Images<B>[] = [];
  let h = net.input(images);
  let side = images; // for a residual encoder: the image, halved at each level
  for (const { shortcut, down, downsample } of net.levels) {
    if (shortcut !== undefined) h = side = scaled(add(h, shortcut(side)), Math.SQRT1_2); // with any `rescale`, as in the code of EDM
    activations.push(h);
    for (const block of down) {
      h = block(h, context);
      activations.push(h);
    }
    if (downsample !== undefined) h = downsample(h, context);
  }
  return activations;
};

/** The bottleneck: `[B, H, W, C]` → `[B, H, W, C]`. */
export const throughMiddle = <B extends Dim>(
  { middle }: EncoderNet,
  x: Images<B>,
  context: BlockContext<NoInfer<B>>,
) => {
  const { before, attention = F.identity, transformer = attention, after } = middle;
  return after(transformer(before(x, context), context), context);
};
