/** Residual blocks of images and an embedding, which may halve or double the size. */
import {
  add,
  addBias,
  addPerSample,
  type Affine,
  conv2d,
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
import { rate, show } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { type Filled, optional, schema } from '../../internal/schema.js';
import { channels, count } from '../layers/fields.js';
import { epsilon, groups, type Groups, groupsDivide, type GroupsFor } from '../layers/groups.js';
import { allZeros } from '../layers/initializers.js';
import { type Channels, type Layer, namedLayer } from '../layers/layer.js';
import {
  convLayer,
  type ConvParams,
  convParts,
  dropout,
  groupNormLayer,
  linearLayer,
  type OfImages,
} from '../layers/layers.js';
import { rescale, scaled } from './rescaling.js';
import { doubled, filter, type Filter, halved } from './resampling.js';

/** The parameters of a residual block from C to D channels, for an embedding of length E. */
export interface ResidualBlockParams<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> {
  readonly norm1: ScaleAndShift<C>;
  readonly conv1: ConvParams<C, D>;
  /** The projection of the embedding: `[E, D]`, or `[E, 2·D]` with adaptive group norm. */
  readonly projection: Affine<E, Dim>;
  readonly norm2: ScaleAndShift<D>;
  readonly conv2: ConvParams<D, D>;
  /** A 1×1 convolution, if C is not D or `projection` asks for it. */
  readonly skip?: Affine<C, D>;
}

/** What a block takes besides its images. */
export interface BlockContext<out B extends Dim = Dim, out E extends Dim = Dim> {
  /** `[B, E]`, with its SiLU applied, since all blocks share it. */
  readonly embedding: Tensor<[B, E]>;
  /** The key for dropout: each part of a layer gets its own. Without a key there is no dropout. */
  readonly key?: Key | undefined;
}

/** `x: [B, H, W, C]` and `embedding: [B, E]` → `[B, H, W, D]` */
export type Residual<C extends Dim, D extends Dim, E extends Dim> = <B extends Dim, H extends Dim, W extends Dim>(
  x: Tensor<[B, H, W, NoInfer<C>]>,
  at: BlockContext<NoInfer<B>, E>,
) => Tensor<[B, H, W, D]>;

/** Images that can be halved or doubled, or an error message for an odd size. */
type Resizable<
  B extends Dim,
  H extends Dim,
  W extends Dim,
  C extends Dim,
  To extends 'half' | 'double',
> = To extends 'half' ? EvenImage<B, H, W, C> : Tensor<[B, H, W, C]>;

/** An extent of images that are halved or doubled. */
type Resized<D extends Dim, To extends 'half' | 'double'> = To extends 'half' ? OrNever<Half<D>> : Double<D>;

/** `x: [B, H, W, C]` and `embedding: [B, E]` → images `[B, H', W', D]` of half or twice the size */
export type ResamplingResidual<C extends Dim, D extends Dim, E extends Dim, To extends 'half' | 'double'> = <
  B extends Dim,
  H extends Dim,
  W extends Dim,
>(
  x: Resizable<B, H, W, NoInfer<C>, To>,
  at: BlockContext<NoInfer<B>, E>,
) => Tensor<[B, Resized<H, To>, Resized<W, To>, D]>;

/** A residual block from C to D channels, for an embedding of length E. */
export type ResidualBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  ResidualBlockParams<C, D, E>,
  Residual<C, D, E>
>;

/** A residual block that halves the size. */
export type DownsampleBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  ResidualBlockParams<C, D, E>,
  ResamplingResidual<C, D, E, 'half'>
>;

/** A residual block that doubles the size. */
export type UpsampleBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  ResidualBlockParams<C, D, E>,
  ResamplingResidual<C, D, E, 'double'>
>;

/** The configuration of a residual block. */
export interface ResidualBlockConfig<C, D, E, N = Groups> {
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  /** The length of the embedding. */
  readonly embedding: Extent<E>;
  /** The groups of both norms, whose number must divide both numbers of channels. */
  readonly groups: N;
  /** Added to the variance in both norms; default 1e-5. */
  readonly epsilon?: number;
  /** Scales and shifts the second norm by the embedding, instead of adding the embedding before it; default false. */
  readonly adaptiveGroupNorm?: boolean;
  /** The rate of dropout, in [0, 1); default 0. */
  readonly dropout?: number;
  /** A factor of the sum of the block and its input, such as 1/√2; default 1. */
  readonly rescale?: number;
}

/** The configuration of a residual block that halves or doubles the size. */
export interface ResamplingBlockConfig<C, D, E, N = Groups> extends ResidualBlockConfig<C, D, E, N> {
  /** The filter of the resampling; default `box`. */
  readonly filter?: Filter;
  /** A 1×1 convolution of the input, also if C is D, as in the DDPM++ network of EDM; default false. */
  readonly projection?: boolean;
}

export const residualFields = {
  inputs: channels,
  outputs: channels,
  embedding: count('the length of the embedding'),
  groups,
  epsilon,
  adaptiveGroupNorm: optional(t.boolean, false),
  dropout: optional(rate, 0),
  rescale,
} satisfies Record<keyof ResidualBlockConfig<0, 0, 0>, unknown>;
const resamplingFields = {
  ...residualFields,
  filter,
  projection: optional(t.boolean, false),
} satisfies Record<keyof ResamplingBlockConfig<0, 0, 0>, unknown>;

/** The rule that the groups divide the channels of both norms. */
const groupsFit = (block: Filled<typeof residualFields>) =>
  groupsDivide(block.groups, block.inputs) ?? groupsDivide(block.groups, block.outputs);

const options = schema('residualBlock', residualFields).rule(groupsFit);
const downsampleOptions = schema('downsampleBlock', resamplingFields).rule(groupsFit);
const upsampleOptions = schema('upsampleBlock', resamplingFields).rule(groupsFit);

type Images<C extends Dim> = Tensor<[Dim, Dim, Dim, C]>;

/** norm(h + (b + y)), with a bias b: adding it to y, which is small, saves an addition of images. */
const added = <D extends Dim>(norm: OfImages<D, D>, h: Images<D>, b: Tensor<[D]>, y: Tensor<[Dim, Dim]>): Images<D> =>
  norm(addPerSample(h, addBias(y as Tensor<[Dim, D]>, b))); // `projection` has D outputs

/**
 * Adaptive group norm: (1 + y_s)·norm(h + b) + y_b, with the halves y_s, y_b of `y: [B, 2·D]`, at each pixel. Dhariwal &
 * Nichol 2021, section 3.1, with y_s counted from 1.
 */
const adapted = <D extends Dim>(norm: OfImages<D, D>, h: Images<D>, b: Tensor<[D]>, y: Tensor<[Dim, Dim]>) => {
  const [ys, yb] = halve(y) as readonly [Tensor<[Dim, D]>, Tensor<[Dim, D]>]; // `projection` has 2·D outputs
  return addPerSample(mulPerSample(norm(addBias(h, b)), add(1, ys)), yb);
};

/** Returns a context with an embedding. Raises `ConfigError` for others, which JavaScript may pass. */
const checkedContext = <E extends Dim>(where: string, at: BlockContext<Dim, E>, length: unknown): typeof at => {
  const given = memberAt(at, 'embedding');
  if (isTensor(given) && dtypeOf(given) === 'float32') return at;
  return raise('ConfigError', {
    where: `${where}.embedding`,
    expected: `a tensor [B, ${length as number}]`,
    actual: isTensor(given) ? `${dtypeOf(given)} ${showShape(dims(given))}` : show(given),
    hint: 'write block(x, { embedding }), or block(x, { embedding, key }) with dropout',
  });
};

/** A residual block with a function that resizes both the input of its first convolution and its skip connection. */
const resizing = <C extends number, D extends number, E extends number>(
  where: string,
  config: Filled<typeof residualFields, ResidualBlockConfig<C, D, E>> & { readonly projection?: boolean },
  resized: <S extends Dim>(x: Images<S>) => Images<S>,
) => {
  const { inputs, outputs, embedding: length, adaptiveGroupNorm } = config;
  const norm = { groups: config.groups, epsilon: config.epsilon };
  const features = outputs as number; // Extent<D> is D, or a message for the compiler
  const projects = config.projection === true || (inputs as number) !== features;
  const parts = {
    norm1: groupNormLayer<C>({ channels: inputs, ...norm }),
    conv1: convParts<C, D>({ inputs, outputs }),
    projection: linearLayer<E, number>({ inputs: length, outputs: adaptiveGroupNorm ? 2 * features : features }),
    norm2: groupNormLayer<D>({ channels: outputs, ...norm }),
    conv2: convLayer<D, D>({ inputs: outputs, outputs, initializer: allZeros }),
    ...(projects && { skip: linearLayer<C, D>({ inputs, outputs }) }),
  };
  type Input = Images<Channels<C>>;
  const conditioned = adaptiveGroupNorm ? adapted : added;
  const same = (x: Input) => x as unknown as Images<Channels<D>>; // without `skip`, C equals D
  return namedLayer(
    where,
    parts,
    ({ norm1, conv1, projection, norm2, conv2, skip = same }) =>
      (x: Input, at: BlockContext<Dim, Channels<E>>) => {
        const { embedding, key } = checkedContext(where, at, length);
        const h1 = conv2d(resized(silu(norm1(x))), conv1.kernel); // without its bias
        const h2 = conditioned(norm2, h1, conv1.bias, projection(embedding));
        const h3 = key === undefined ? silu(h2) : dropout(silu(h2), config.dropout, key);
        return scaled(add(conv2(h3), skip(resized(x))), config.rescale) as never; // of the size of `resized`
      },
  );
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
 * const begun = program('key', (k) => same.apply(same.init(k))(ones(1, 1, 1, 4), { embedding: ones(1, 8) }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(begun, {})(key(7))) // → [1, 1, 1, 1]
 */
export const residualBlock = <
  const C extends number,
  const D extends number,
  const E extends number,
  const N extends Groups = Groups,
  G = unknown,
>(
  config: Exact<G, keyof ResidualBlockConfig<0, 0, 0>> & ResidualBlockConfig<C, D, E, GroupsFor<N, C, D>>,
): ResidualBlock<Channels<C>, Channels<D>, Channels<E>> =>
  resizing('residualBlock', options.demand<ResidualBlockConfig<C, D, E>>(config), (x) => x);

/**
 * A {@link residualBlock} that halves the size: `x: [B, H, W, C]` and `embedding: [B, E]` → `[B, H/2, W/2, D]`. The filter
 * is applied before the first convolution and to the input. Raises `ShapeError` if the size is odd. BigGAN (Brock et al.
 * 2019), as used by Dhariwal & Nichol 2021, section 3.
 * @example
 * const block = downsampleBlock({ inputs: 4, outputs: 4, embedding: 8, groups: 2 })
 * const begun = program('key', (k) => block.apply(block.init(k))(ones(1, 2, 2, 4), { embedding: ones(1, 8) }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(begun, {})(key(7))) // → [1, 1, 1, 1]
 */
export const downsampleBlock = <
  const C extends number,
  const D extends number,
  const E extends number,
  const N extends Groups = Groups,
  G = unknown,
>(
  config: Exact<G, keyof ResamplingBlockConfig<0, 0, 0>> & ResamplingBlockConfig<C, D, E, GroupsFor<N, C, D>>,
): DownsampleBlock<Channels<C>, Channels<D>, Channels<E>> => {
  const known = downsampleOptions.demand<ResamplingBlockConfig<C, D, E>>(config);
  return resizing('downsampleBlock', known, (x) => halved(x, known.filter));
};

/**
 * A {@link residualBlock} that doubles the size: `x: [B, H, W, C]` and `embedding: [B, E]` → `[B, 2·H, 2·W, D]`. See
 * {@link downsampleBlock}.
 * @example
 * const block = upsampleBlock({ inputs: 4, outputs: 8, embedding: 8, groups: 2, filter: 'binomial' })
 * block // : UpsampleBlock<4, 8, 8>
 * const begun = program('key', (k) => block.apply(block.init(k))(ones(1, 2, 2, 4), { embedding: ones(1, 8) }))
 * await using nf = await open(reference())
 * const size = (await nf.run(evaluate(begun, {})(key(7)))).length
 * size // → 4 * 4 * 8
 */
export const upsampleBlock = <
  const C extends number,
  const D extends number,
  const E extends number,
  const N extends Groups = Groups,
  G = unknown,
>(
  config: Exact<G, keyof ResamplingBlockConfig<0, 0, 0>> & ResamplingBlockConfig<C, D, E, GroupsFor<N, C, D>>,
): UpsampleBlock<Channels<C>, Channels<D>, Channels<E>> => {
  const known = upsampleOptions.demand<ResamplingBlockConfig<C, D, E>>(config);
  return resizing('upsampleBlock', known, (x) => doubled(x, known.filter));
};
