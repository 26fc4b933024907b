/** Residual blocks of images and an embedding, which may halve or double the size. */
import type { TokenContext } from './transformerBlock.js';
import {
  add,
  addPerSample,
  type Affine,
  type Dim,
  dims,
  type Double,
  dtypeOf,
  type Extent,
  type Half,
  halve,
  isTensor,
  type Key,
  mulPerSample,
  type ScaleAndShift,
  showShape,
  silu,
  type Tensor,
} from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import type { EvenImage } from '../../dsl/ops/image/windows.js';
import type { OrNever } from '../../dsl/types/dim.js';
import { memberAt } from '../../dsl/types/tree.js';
import type { Exact } from '../../internal/exact.js';
import { epsilon, rate, show } from '../../internal/decode.js';
import { F, t } from '../../internal/fp.js';
import { type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { channels, count } from '../layers/fields.js';
import { groups, type Groups, groupsDivide, type GroupsFor } from '../layers/groups.js';
import { allZeros } from '../layers/initializers.js';
import { type Channels, type Layer, namedLayer } from '../layers/layer.js';
import { convLayer, type ConvParams, dropout, groupNormLayer, linearLayer } from '../layers/layers.js';
import { rescale, scaled } from './rescaling.js';
import { doubled, filter, halved } from './resampling.js';

type Images = Tensor<[Dim, Dim, Dim, Dim]>;
type Vectors = Tensor<[Dim, Dim]>;

/** (1 + y_s)·h + y_b at each pixel, with the halves y_s and y_b of `y: [B, 2·D]`. */
const scaledAndShifted = (h: Images, y: Vectors): Images => {
  const [ys, yb] = halve(y);
  return addPerSample(mulPerSample(h, add(1, ys)), yb);
};

/** A residual block `L`. `resized` changes the size of the images before conv₁ and in the skip connection. */
const residualLayer = <L>(
  where: string,
  config: Filled<typeof residualFields> & { readonly skipProjection?: boolean },
  resized: (x: Images) => Images = F.identity,
): L => {
  const { inputs, outputs, embedding: length, groups, epsilon, adaptiveGroupNorm, rescale } = config;
  const parts = {
    norm1: groupNormLayer({ channels: inputs, groups, epsilon }),
    conv1: convLayer({ inputs, outputs }),
    projection: linearLayer({ inputs: length, outputs: adaptiveGroupNorm ? 2 * outputs : outputs }),
    norm2: groupNormLayer({ channels: outputs, groups, epsilon }),
    conv2: convLayer({ inputs: outputs, outputs, initializer: allZeros }),
    ...((config.skipProjection === true || inputs !== outputs) && { skip: linearLayer({ inputs, outputs }) }),
  };
  return namedLayer(
    where,
    parts,
    ({ norm1, conv1, projection, norm2, conv2, skip = F.identity }) =>
      (x: Images, context: BlockContext) => {
        const { embedding, key } = checkedContext(where, context, length);
        const y = projection(embedding);
        const h1 = conv1(resized(silu(norm1(x))));
        const h2 = adaptiveGroupNorm ? scaledAndShifted(norm2(h1), y) : norm2(addPerSample(h1, y));
        const h3 = key === undefined ? silu(h2) : dropout(silu(h2), config.dropout, key);
        return scaled(add(conv2(h3), skip(resized(x))), rescale);
      },
  ) as L; // the extents of `L` are those of the configuration
};

/**
 * The residual block of DDPM (Ho et al. 2020, appendix B): h + x, with h = conv₂(dropout(SiLU(norm₂(conv₁(SiLU(norm₁(x))) +
 * y)))) and y the projected embedding; conv₂ starts at zero. With adaptive group norm (Dhariwal & Nichol 2021, section 3.1)
 * y = [y_s, y_b] is not added: the second norm of h becomes (1 + y_s)·GroupNorm(h) + y_b. The embedding comes with its SiLU
 * applied, since all blocks share it; with a `key` beside it, there is dropout. The number of groups must divide both
 * numbers of channels: raises `ConfigError` otherwise, for a rate of dropout outside [0, 1), and without an embedding.
 * @example
 * const block = residualBlock({ inputs: 4, outputs: 8, embedding: 16, groups: 2 })
 * block // : ResidualBlock<4, 8, 16>
 * // C = D: the block initially returns its input
 * const same = residualBlock({ inputs: 4, outputs: 4, embedding: 8, groups: 2, adaptiveGroupNorm: true })
 * const start = program('key', (k) => same.apply(same.init(k))(ones(1, 1, 1, 4), { embedding: ones(1, 8) }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(start, {})(key(7))) // → [1, 1, 1, 1]
 */
export const residualBlock = <
  const C extends number,
  const D extends number,
  const E extends number,
  const N extends Groups = Groups,
  G = unknown,
>(
  config: Exact<G, keyof ResidualBlockConfig<0, 0, 0>> & ResidualBlockConfig<C, D, E, GroupsFor<N, C, D>>,
): ResidualBlock<Channels<C>, Channels<D>, Channels<E>> => residualLayer('residualBlock', options.demand(config));

/** Makes a block that halves or doubles the size. */
type ResamplerOf<To extends 'half' | 'double'> = <
  const C extends number,
  const D extends number,
  const E extends number,
  const N extends Groups = Groups,
  G = unknown,
>(
  config: Exact<G, keyof ResamplingBlockConfig<0, 0, 0>> & ResamplingBlockConfig<C, D, E, GroupsFor<N, C, D>>,
) => ResamplingBlock<Channels<C>, Channels<D>, Channels<E>, To>;

/**
 * A {@link residualBlock} that halves the size: `x: [B, H, W, C]` and `embedding: [B, E]` → `[B, H/2, W/2, D]`. The filter
 * is applied before the first convolution and to the input. Raises `ShapeError` if the size is odd. BigGAN (Brock et al.
 * 2019), as used by Dhariwal & Nichol 2021, section 3.
 * @example
 * const block = downsampleBlock({ inputs: 4, outputs: 4, embedding: 8, groups: 2 })
 * const start = program('key', (k) => block.apply(block.init(k))(ones(1, 2, 2, 4), { embedding: ones(1, 8) }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(start, {})(key(7))) // → [1, 1, 1, 1]
 */
export const downsampleBlock: ResamplerOf<'half'> = (config) => {
  const known = downsampleOptions.demand(config);
  return residualLayer('downsampleBlock', known, (x) => halved(x, known.filter));
};

/**
 * A {@link residualBlock} that doubles the size: `x: [B, H, W, C]` and `embedding: [B, E]` → `[B, 2·H, 2·W, D]`. See
 * {@link downsampleBlock}.
 * @example
 * const block = upsampleBlock({ inputs: 4, outputs: 8, embedding: 8, groups: 2, filter: 'binomial' })
 * block // : UpsampleBlock<4, 8, 8>
 * const start = program('key', (k) => block.apply(block.init(k))(ones(1, 2, 2, 4), { embedding: ones(1, 8) }))
 * await using nf = await open(reference())
 * const size = (await nf.run(evaluate(start, {})(key(7)))).length
 * size // → 4 * 4 * 8
 */
export const upsampleBlock: ResamplerOf<'double'> = (config) => {
  const known = upsampleOptions.demand(config);
  return residualLayer('upsampleBlock', known, (x) => doubled(x, known.filter));
};

/** Returns a context with an embedding. Raises `ConfigError` for others, which JavaScript may pass. */
const checkedContext = (where: string, context: BlockContext, length: number): BlockContext => {
  const embedding = memberAt(context, 'embedding');
  if (isTensor(embedding) && dtypeOf(embedding) === 'float32') return context;
  return raise('ConfigError', {
    where: `${where}.embedding`,
    expected: `a tensor [B, ${length}]`,
    actual: isTensor(embedding) ? `${dtypeOf(embedding)} ${showShape(dims(embedding))}` : show(embedding),
    hint: 'write block(x, { embedding }), or block(x, { embedding, key }) with dropout',
  });
};

const settings = {
  /** Added to the variance in both norms; default 1e-5. */
  epsilon: optional(epsilon, 1e-5),
  /** Scales and shifts the second norm by the embedding, instead of adding the embedding before it; default false. */
  adaptiveGroupNorm: optional(t.boolean, false),
  /** The rate of dropout, in [0, 1); default 0. */
  dropout: optional(rate, 0),
  /** The factor r of r·(block(x) + x), such as 1/√2; default 1. */
  rescale: optional(rescale, 1),
};
export const residualFields = {
  inputs: channels,
  outputs: channels,
  embedding: count('the length of the embedding'),
  groups,
  ...settings,
};
const resamplingSettings = {
  /** The filter of the resampling; default `box`. */
  filter: optional(filter, 'box'),
  /** A 1×1 convolution on the skip connection even if C is D, as in the DDPM++ network of EDM; default false. */
  skipProjection: optional(t.boolean, false),
};
const resamplingFields = { ...residualFields, ...resamplingSettings };

/** The configuration of a residual block. */
export interface ResidualBlockConfig<C, D, E, N = Groups> extends OptionsOf<typeof settings> {
  /** The channels of the images that it takes. */
  readonly inputs: Extent<C>;
  /** The channels of its result. */
  readonly outputs: Extent<D>;
  /** The length of the embedding. */
  readonly embedding: Extent<E>;
  /** The groups of both norms, whose number must divide both numbers of channels. */
  readonly groups: N;
}

/** The configuration of a residual block that halves or doubles the size. */
export interface ResamplingBlockConfig<C, D, E, N = Groups>
  extends ResidualBlockConfig<C, D, E, N>, OptionsOf<typeof resamplingSettings> {}

/** The rule that the groups divide the channels of both norms. */
const groupsFit = ({ groups, inputs, outputs }: Filled<typeof residualFields>) => groupsDivide(groups, inputs, outputs);

const options = /* @__PURE__ */ schema('residualBlock', residualFields).rule(groupsFit);
const downsampleOptions = /* @__PURE__ */ schema('downsampleBlock', resamplingFields).rule(groupsFit);
const upsampleOptions = /* @__PURE__ */ schema('upsampleBlock', resamplingFields).rule(groupsFit);

/** The parameters of a residual block from C to D channels, for an embedding of length E. */
export interface ResidualBlockParams<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> {
  readonly norm1: ScaleAndShift<C>;
  readonly conv1: ConvParams<C, D>;
  /** The projection of the embedding: `[E, D]`, or `[E, 2·D]` with adaptive group norm. */
  readonly projection: Affine<E, Dim>;
  readonly norm2: ScaleAndShift<D>;
  readonly conv2: ConvParams<D, D>;
  /** A 1×1 convolution, if C is not D or `skipProjection` asks for it. */
  readonly skip?: Affine<C, D>;
}

/** The inputs of a block besides its images. */
export interface BlockContext<out B extends Dim = Dim, out E extends Dim = Dim> {
  /** `[B, E]`, with its SiLU applied, since all blocks share it. */
  readonly embedding: Tensor<[B, E]>;
  /** The key for dropout: each part of a layer gets its own. Without a key there is no dropout. */
  readonly key?: Key | undefined;
  /** True for the identity in place of the attention at the bottleneck. Other blocks do not read it. */
  readonly identityAttention?: boolean | undefined;
  /** The tokens that the pixels attend to, in a network that is conditioned on tokens. */
  readonly tokens?: TokenContext<B> | undefined;
}

/** `x: [B, H, W, C]` and `embedding: [B, E]` → `[B, H, W, D]` */
export type Residual<C extends Dim, D extends Dim, E extends Dim> = <B extends Dim, H extends Dim, W extends Dim>(
  x: Tensor<[B, H, W, NoInfer<C>]>,
  context: BlockContext<NoInfer<B>, E>,
) => Tensor<[B, H, W, D]>;

/** An extent of images that are halved or doubled. */
type Resized<D extends Dim, To extends 'half' | 'double'> = To extends 'half' ? OrNever<Half<D>> : Double<D>;

/** `x: [B, H, W, C]` and `embedding: [B, E]` → images `[B, H', W', D]` of half or twice the size */
export type ResamplingResidual<C extends Dim, D extends Dim, E extends Dim, To extends 'half' | 'double'> = <
  B extends Dim,
  H extends Dim,
  W extends Dim,
>(
  x: To extends 'half' ? EvenImage<B, H, W, NoInfer<C>> : Tensor<[B, H, W, NoInfer<C>]>,
  context: BlockContext<NoInfer<B>, E>,
) => Tensor<[B, Resized<H, To>, Resized<W, To>, D]>;

/** A residual block from C to D channels, for an embedding of length E. */
export type ResidualBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  ResidualBlockParams<C, D, E>,
  Residual<C, D, E>
>;

type ResamplingBlock<C extends Dim, D extends Dim, E extends Dim, To extends 'half' | 'double'> = Layer<
  ResidualBlockParams<C, D, E>,
  ResamplingResidual<C, D, E, To>
>;

/** A residual block that halves the size. */
export type DownsampleBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = ResamplingBlock<
  C,
  D,
  E,
  'half'
>;

/** A residual block that doubles the size. */
export type UpsampleBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = ResamplingBlock<
  C,
  D,
  E,
  'double'
>;
