/** The blocks of a U-Net. */
import {
  add,
  addBias,
  addPerSample,
  type Affine,
  attention,
  conv2d,
  type Dim,
  dims,
  dtypeOf,
  type Extent,
  halve,
  isTensor,
  type Key,
  mulPerSample,
  raise,
  type ScaleAndShift,
  silu,
  split,
  type Tensor,
} from '../../dsl/index.js';
import { dual } from '../../internal/dual.js';
import { namedFields } from '../../internal/options.js';
import { show } from '../../internal/decode.js';
import { allZeros } from '../layers/initializers.js';
import { type Channels, type Layer, layer, namedLayer } from '../layers/layer.js';
import {
  convLayer,
  type ConvParams,
  convParts,
  dropout as dropped,
  groupNormLayer,
  linearLayer,
  type OfImages,
} from '../layers/layers.js';
import { requireDivisor, requireRate, unchecked } from '../../internal/requirement.js';
import { checkedFields, described } from '../layers/fields.js';
import type { UNetConfig } from './unetConfig.js';

/** The parameters of a residual block from C to D channels, for an embedding of length E. */
export interface ResidualBlockParams<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> {
  readonly norm1: ScaleAndShift<C>;
  readonly conv1: ConvParams<C, D>;
  /** Of the embedding: `[E, D]`, or `[E, 2·D]` with adaptive group norm. */
  readonly projection: Affine<E, Dim>;
  readonly norm2: ScaleAndShift<D>;
  readonly conv2: ConvParams<D, D>;
  /** A 1×1 convolution, if C is not D. */
  readonly skip?: Affine<C, D>;
}

/**
 * `x: [B, H, W, C]` and `embedding: [B, E]` → `[B, H, W, D]`, also in `pipe`. Without a key nothing is dropped.
 * The order of the overloads is explained in `OneError`: the result of a wrong call is an image of D channels.
 */
export interface Residual<C extends Dim, D extends Dim, E extends Dim> {
  <B extends Dim>(
    embedding: Tensor<[B, NoInfer<E>]>,
  ): <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>) => Tensor<[B, H, W, D]>;
  <B extends Dim, H extends Dim, W extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
    embedding: Tensor<[NoInfer<B>, NoInfer<E>]>,
  ): Tensor<[B, H, W, D]>;
  // no call fits these two
  (x: never, embedding: never): never;
  (x: never, embedding: never): undefined;
  <B extends Dim>(
    embedding: Tensor<[B, NoInfer<E>]>,
    dropout: Key | undefined,
  ): <H extends Dim, W extends Dim>(x: Tensor<[NoInfer<B>, H, W, NoInfer<C>]>) => Tensor<[B, H, W, D]>;
  <B extends Dim, H extends Dim, W extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
    embedding: Tensor<[NoInfer<B>, NoInfer<E>]>,
    dropout?: Key,
  ): Tensor<[B, H, W, D]>;
}

/** A residual block from C to D channels, for an embedding of length E. */
export type ResidualBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  ResidualBlockParams<C, D, E>,
  Residual<C, D, E>
>;

interface ResidualBlockConfig<C, D, E> extends Pick<UNetConfig, 'adaptiveGroupNorm' | 'dropout'> {
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  /** The length of the embedding. */
  readonly embedding: Extent<E>;
  readonly groups: number;
}

type Images<C extends Dim> = Tensor<[Dim, Dim, Dim, C]>;

/**
 * Adaptive group norm: (1 + y_s)·h + y_b, with the halves y_s, y_b of `y: [B, 2·D]`, at each pixel of `h: [B, H, W, D]`.
 * Dhariwal & Nichol 2021, section 3.1, with y_s counted from 1.
 */
const modulated = <D extends Dim>(h: Images<D>, y: Tensor<[Dim, Dim]>): Images<D> => {
  const [ys, yb] = halve(y) as readonly [Tensor<[Dim, D]>, Tensor<[Dim, D]>]; // y has 2·D outputs
  return addPerSample(mulPerSample(h, add(1, ys)), yb);
};

const required = ['inputs', 'outputs', 'embedding', 'groups'] as const;
const options = { adaptiveGroupNorm: unchecked, dropout: requireRate };
const residualFields = checkedFields('residualBlock', required, options);

const isEmbedding = (x: unknown): boolean => typeof x === 'function' || (isTensor(x) && dtypeOf(x) !== 'key');

/**
 * Tells the data-first form of a bound block: the second operand is an embedding, or the first of several is images. The
 * pipeable form has an embedding `[B, E]`, and then perhaps a key.
 */
const hasInput = ([first, second, ...rest]: readonly unknown[]): boolean =>
  isEmbedding(second) || rest.length > 0 || (isTensor(first) && dims(first).length === 4);

/** Makes both forms of a bound block. */
const formsOf = <C extends Dim, D extends Dim, E extends Dim>(
  name: string,
  dataFirst: (x: Images<C>, embedding: Tensor<[Dim, E]>, dropout?: Key) => Images<D>,
): Residual<C, D, E> => dual(name, hasInput, dataFirst);

/** Raises `ConfigError` if there is no embedding. */
const requireEmbedding = (embedding: unknown, length: unknown): void => {
  if (isEmbedding(embedding)) return;
  const [expected, actual] = [`an embedding [B, ${length as number}]`, isTensor(embedding) ? 'a key' : show(embedding)];
  const hint = 'write block(x, embedding), block(x, embedding, key) or pipe(x, block(embedding))';
  raise('ConfigError', { where: 'residualBlock', expected, actual, hint });
};

/**
 * The residual block of DDPM (Ho et al. 2020, appendix B): h + x, with h = conv₂(dropout(SiLU(norm₂(conv₁(SiLU(norm₁(x))) +
 * y)))) and y the projected embedding; conv₂ starts at zero. With adaptive group norm (Dhariwal & Nichol 2021, section 3.1)
 * y = [y_s, y_b] is not added: the second norm of h becomes (1 + y_s)·GroupNorm(h) + y_b. The embedding comes with its SiLU
 * applied, since all blocks share it. `groups` must divide both numbers of channels: raises `ConfigError` otherwise, and for a
 * rate of dropout outside [0, 1).
 * @example
 * const block = residualBlock({ inputs: 4, outputs: 8, embedding: 16, groups: 2 })
 * block // : ResidualBlock<4, 8, 16>
 * // C = D: the block initially returns its input
 * const same = residualBlock({ inputs: 4, outputs: 4, embedding: 8, groups: 2, adaptiveGroupNorm: true })
 * const begun = program('key', (k) => same.apply(same.init(k))(ones(1, 1, 1, 4), ones(1, 8)))
 * await using(reference())(evaluate(begun, {})(key(7)))() // → E.right([1, 1, 1, 1])
 */
export const residualBlock = <const C extends number, const D extends number, const E extends number>(
  config: ResidualBlockConfig<C, D, E>,
): ResidualBlock<Channels<C>, Channels<D>, Channels<E>> => {
  const { inputs, outputs, embedding: length, groups, adaptiveGroupNorm = false, dropout = 0 } = residualFields(config);
  const features = outputs as number; // Extent<D> is D, or a message for the compiler
  requireDivisor('residualBlock.groups', 'groups', groups, inputs as number);
  requireDivisor('residualBlock.groups', 'groups', groups, features);
  const parts = {
    norm1: groupNormLayer<C>({ channels: inputs, groups }),
    conv1: convParts<C, D>({ inputs, outputs }),
    projection: linearLayer<E, number>({ inputs: length, outputs: adaptiveGroupNorm ? 2 * features : features }),
    norm2: groupNormLayer<D>({ channels: outputs, groups }),
    conv2: convLayer<D, D>({ inputs: outputs, outputs, initializer: allZeros }),
    ...((inputs as number) !== features && { skip: linearLayer<C, D>({ inputs, outputs }) }),
  };
  return layer(parts, ({ norm1, conv1, projection, norm2, conv2, skip }) =>
    formsOf<Channels<C>, Channels<D>, Channels<E>>('residualBlock', (x, embedding, key) => {
      requireEmbedding(embedding, length);
      const y = projection(embedding); // [B, D], or [B, 2·D]
      const h1 = conv2d(silu(norm1(x)), conv1.kernel); // [B, H, W, D]
      const h2 = adaptiveGroupNorm
        ? modulated(norm2(addBias(h1, conv1.bias)), y)
        : // the bias is added to y, which is small: one broadcast for both
          norm2(addPerSample(h1, addBias(y as Tensor<[Dim, Channels<D>]>, conv1.bias))); // D outputs
      const h3 = key === undefined ? silu(h2) : dropped(silu(h2), dropout, key);
      const straight = skip === undefined ? (x as unknown as typeof h1) : skip(x); // without `skip` C is D
      return add(conv2(h3), straight);
    }),
  );
};

/** The parameters of an attention block over C channels. */
export interface AttentionBlockParams<C extends Dim = Dim> {
  readonly norm: ScaleAndShift<C>;
  /** `[C, 3·C]`: queries, keys, values. */
  readonly qkv: Affine<C, Dim>;
  readonly output: Affine<C, C>;
}

/** `[B, H, W, C]` → `[B, H, W, C]` */
export type AttentionBlock<C extends Dim = Dim> = Layer<AttentionBlockParams<C>, OfImages<C, C>>;

const attentionFields = checkedFields('attentionBlock', ['channels', 'heads', 'groups']);

/**
 * Self-attention between all pixels, added to its input: output(attention(q, k, v)) + x, with q, k, v = split(qkv(norm(x))).
 * `qkv` and `output` are 1×1 convolutions; `output` starts at zero. DDPM (Ho et al. 2020); heads as in guided-diffusion's
 * `QKVAttention`. `heads` and `groups` must divide the channels: raises `ConfigError` otherwise.
 * @example
 * const block = attentionBlock({ channels: 4, heads: 2, groups: 2 })
 * block // : AttentionBlock<4>
 * // the block initially returns its input
 * const begun = program('key', (k) => block.apply(block.init(k))(ones(1, 1, 1, 4)))
 * await using(reference())(evaluate(begun, {})(key(7)))() // → E.right([1, 1, 1, 1])
 */
export const attentionBlock = <const C extends number>(config: {
  readonly channels: Extent<C>;
  readonly heads: number;
  readonly groups: number;
}): AttentionBlock<Channels<C>> => {
  const { channels, heads, groups } = attentionFields(config);
  const size = channels as number; // Extent<C> is C, or a message for the compiler
  requireDivisor('attentionBlock.heads', 'heads', heads, size);
  requireDivisor('attentionBlock.groups', 'groups', groups, size);
  const parts = {
    norm: groupNormLayer<C>({ channels, groups }),
    qkv: linearLayer<C, number>({ inputs: channels, outputs: 3 * size }),
    output: linearLayer<C, C>({ inputs: channels, outputs: channels, initializer: allZeros }),
  };
  return namedLayer('attentionBlock', parts, (bound) => (x) => {
    const thirds = split(bound.qkv(bound.norm(x)), [size, size, size]);
    const [q, k, v] = thirds as unknown as readonly [typeof x, typeof x, typeof x]; // of 3·C channels
    return add(bound.output(attention(q, k, v, { heads })), x);
  });
};

/** The parameters of a block of a U-Net. */
export interface UNetBlockParams<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> {
  readonly residual: ResidualBlockParams<C, D, E>;
  /** Absent without attention. */
  readonly attention?: AttentionBlockParams<D>;
}

/** A block of a U-Net, with the form of a residual block. */
export type UNetBlock<C extends Dim = Dim, D extends Dim = Dim, E extends Dim = Dim> = Layer<
  UNetBlockParams<C, D, E>,
  Residual<C, D, E>
>;

const blockFields = namedFields(
  'unetBlock',
  { ...described(required), heads: 'a number of heads, or null' },
  Object.keys(options),
);

/**
 * A residual block, followed by an attention block unless `heads` is null.
 * @example
 * const config = { inputs: 4, outputs: 8, embedding: 16, groups: 2 } as const
 * const attends = ({ params }: UNetBlock<4, 8, 16>) => params.leaves.some(({ path }) => path.startsWith('attention'))
 * attends(unetBlock({ ...config, heads: 2 })) // → true
 * attends(unetBlock({ ...config, heads: null })) // → false
 */
export const unetBlock = <const C extends number, const D extends number, const E extends number>(
  config: ResidualBlockConfig<C, D, E> & { readonly heads: number | null },
): UNetBlock<Channels<C>, Channels<D>, Channels<E>> => {
  const { heads, ...kind } = blockFields(config);
  const parts = {
    residual: residualBlock<C, D, E>(kind),
    ...(heads !== null && { attention: attentionBlock<D>({ channels: kind.outputs, heads, groups: kind.groups }) }),
  };
  return layer(parts, ({ residual, attention }) =>
    formsOf<Channels<C>, Channels<D>, Channels<E>>('unetBlock', (x, embedding, dropout) => {
      const h = residual(x, embedding, dropout);
      return attention === undefined ? h : attention(h);
    }),
  );
};
