/** Basic layers: affine maps, convolutions, norms, changes of the resolution, dropout. */
import {
  addBias,
  type Affine,
  type AnyTensor,
  bernoulliLike,
  conv2d,
  type Dim,
  div,
  type Double,
  type Extent,
  type Half,
  type Key,
  layerNorm,
  matmul,
  type ScaleAndShift,
  scaleChannels,
  type Shape,
  standardizeGroups,
  type Tensor,
  upsample,
  where,
} from '../../dsl/index.js';
import type { OrNever } from '../../dsl/types/dim.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { type EvenImage, requireEvenSize } from '../../dsl/ops/image/windows.js';
import type { Exact } from '../../internal/exact.js';
import { dual } from '../../internal/dual.js';
import { named, refuseShape, textOf } from '../../internal/errors.js';
import { epsilon, functionOf, hinted, oneOf, rate } from '../../internal/decode.js';
import { argument, optional, schema } from '../../internal/schema.js';
import { channels, count } from './fields.js';
import { groups, type Groups, groupsDivide, type GroupsFor, groupsOver } from './groups.js';
import { allOnes, allZeros, fanInUniform, type Initializer } from './initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from './layer.js';

/** An affine map along the last axis, `[..., C]` → `[..., D]`. */
export type LinearLayer<C extends Dim, D extends Dim> = Layer<
  Affine<C, D>,
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, D]>
>;

interface LinearConfig<C, D> {
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  /** The initializer of the weights or the kernel; default: uniform with variance 1/fanIn. */
  readonly initializer?: Initializer;
}

const initializer = hinted(
  functionOf<Initializer>('an initializer, a function of a key and extents'),
  'such as fanInNormal() or allZeros',
);
const linearFields = {
  inputs: channels,
  outputs: channels,
  initializer: optional(initializer, fanInUniform()),
} satisfies Record<keyof LinearConfig<0, 0>, unknown>;
const linearOptions = schema('linearLayer', linearFields);

/** Raises `ShapeError` unless a tensor has the channels of a layer. */
export const requireChannels = (layer: string, x: AnyTensor, channels: unknown): void => {
  const { shape } = named(layer, () => nodeOf(x));
  const expected = `a tensor of ${textOf(channels)} channels`;
  if (shape.at(-1) !== channels) refuseShape(layer, expected, shape, 'the channels are the last axis');
};

/**
 * x·w + b along the last axis, `[..., inputs]` → `[..., outputs]`. `w: [inputs, outputs]` is drawn uniformly with variance
 * 1/inputs by default; `b: [outputs]` starts at zero.
 * @example
 * const { apply } = linearLayer({ inputs: 2, outputs: 3 })
 * pipe(constantOf([1, 2], 1, 2), apply({ w: ones(2, 3), b: zeros(3) })) // → [[3, 3, 3]]
 */
export const linearLayer = <const C extends number, const D extends number, G = unknown>(
  config: Exact<G, keyof LinearConfig<0, 0>> & LinearConfig<C, D>,
): LinearLayer<Channels<C>, Channels<D>> => {
  const { inputs, outputs, initializer } = linearOptions.demand<LinearConfig<C, D>>(config);
  const parts = {
    w: parameterOf<[Channels<C>, Channels<D>]>(initializer, inputs, outputs),
    b: parameterOf<[Channels<D>]>(allZeros, outputs),
  };
  return namedLayer('linearLayer', parts, ({ w, b }) => (x) => {
    requireChannels('linearLayer', x, inputs);
    return addBias(matmul(x, w), b); // x·w + b
  });
};

/** The parameters of a convolution. */
export interface ConvParams<C extends Dim, D extends Dim> {
  /** `[KH, KW, C, D]` */
  readonly kernel: Tensor<[Dim, Dim, C, D]>;
  readonly bias: Tensor<[D]>;
}

/** Images of C channels to images of D channels, of the same size. */
export type OfImages<C extends Dim, D extends Dim> = <B extends Dim, H extends Dim, W extends Dim>(
  x: Tensor<[B, H, W, NoInfer<C>]>,
) => Tensor<[B, H, W, D]>;

/** A convolution that keeps the size of the image, `[B, H, W, C]` → `[B, H, W, D]`. */
export type ConvLayer<C extends Dim, D extends Dim> = Layer<ConvParams<C, D>, OfImages<C, D>>;

interface ConvConfig<C, D> extends LinearConfig<C, D> {
  /** The height and width of the kernel; default 3. */
  readonly size?: number;
}

const convOptions = schema('convLayer', {
  ...linearFields,
  size: optional(count('the height and width of the kernel', '3 is usual'), 3),
} satisfies Record<keyof ConvConfig<0, 0>, unknown>);

/** The parameters of a convolution: `kernel: [size, size, inputs, outputs]` and `bias: [outputs]`. */
export const convParts = <const C extends number, const D extends number>(config: ConvConfig<C, D>) => {
  const { inputs, outputs, size, initializer } = convOptions.demand<ConvConfig<C, D>>(config);
  return {
    kernel: parameterOf<[Dim, Dim, Channels<C>, Channels<D>]>(initializer, size, size, inputs, outputs),
    bias: parameterOf<[Channels<D>]>(allZeros, outputs),
  };
};

/**
 * A convolution of stride 1, padded with zeros so that it keeps the size: `[B, H, W, inputs]` → `[B, H, W, outputs]`.
 * The bias starts at zero.
 * @example
 * const { apply } = convLayer({ inputs: 1, outputs: 64 })
 * pipe(zeros(8, 28, 28, 1), apply({ kernel: ones(3, 3, 1, 64), bias: zeros(64) })) // : Tensor<[8, 28, 28, 64]>
 */
export const convLayer = <const C extends number, const D extends number, G = unknown>(
  config: Exact<G, keyof ConvConfig<0, 0>> & ConvConfig<C, D>,
): ConvLayer<Channels<C>, Channels<D>> =>
  namedLayer('convLayer', convParts<C, D>(config), (bound) => (x) => addBias(conv2d(x, bound.kernel), bound.bias));

interface SamplingConfig<C> {
  readonly channels: Extent<C>;
}

interface DownsampleConfig<C> extends SamplingConfig<C> {
  readonly padding?: DownsamplePadding;
}

/** The zero padding of a convolution of stride 2: a pixel on each side, or one at the bottom and right. */
export type DownsamplePadding = 'symmetric' | 'end';
const PADDINGS = { symmetric: [1, 1], end: [0, 1] } as const;

/** A {@link DownsamplePadding}. */
export const padding = hinted(
  oneOf('symmetric', 'end'),
  "'symmetric' pads as guided-diffusion does, 'end' as TensorFlow's SAME",
);

const downsampleOptions = schema('downsampleLayer', {
  channels,
  padding: optional(padding, 'symmetric'),
} satisfies Record<keyof DownsampleConfig<0>, unknown>);
const upsampleOptions = schema('upsampleLayer', { channels } satisfies Record<keyof SamplingConfig<0>, unknown>);
const samplingParts = <const C extends number>({ channels: each }: SamplingConfig<C>) =>
  convParts<C, C>({ inputs: each, outputs: each });

/** `[B, H, W, C]` → `[B, H/2, W/2, C]` */
export type DownsampleLayer<C extends Dim> = Layer<
  ConvParams<C, C>,
  <B extends Dim, H extends Dim, W extends Dim>(
    x: EvenImage<B, H, W, NoInfer<C>>,
  ) => Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, C]>
>;

/**
 * Halves the size by a 3×3 convolution of stride 2: `[B, H, W, C]` → `[B, H/2, W/2, C]`. The input is padded by 1 on
 * each side, as in guided-diffusion, or with `padding: 'end'` only at the bottom and right, as in the TensorFlow code
 * of DDPM (Ho et al. 2020). Raises `ShapeError` if the size is odd.
 * @example
 * const { apply } = downsampleLayer({ channels: 64 })
 * pipe(zeros(8, 28, 28, 64), apply({ kernel: ones(3, 3, 64, 64), bias: zeros(64) })) // : Tensor<[8, 14, 14, 64]>
 */
export const downsampleLayer = <const C extends number, G = unknown>(
  config: Exact<G, keyof DownsampleConfig<0>> & DownsampleConfig<C>,
): DownsampleLayer<Channels<C>> => {
  const options = downsampleOptions.demand<DownsampleConfig<C>>(config);
  const pixels = PADDINGS[options.padding];
  return namedLayer('downsampleLayer', samplingParts<C>(options), ({ kernel, bias }) => (x) => {
    const images = x as Tensor<[Dim, Dim, Dim, NoInfer<Channels<C>>]>; // no call passes a message
    requireEvenSize('downsampleLayer', nodeOf(images));
    return addBias(conv2d(images, kernel, { strides: [2, 2], padding: [pixels, pixels] }), bias) as never; // of half the size
  });
};

/** `[B, H, W, C]` → `[B, 2*H, 2*W, C]` */
export type UpsampleLayer<C extends Dim> = Layer<
  ConvParams<C, C>,
  <B extends Dim, H extends Dim, W extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
  ) => Tensor<[B, Double<H>, Double<W>, C]>
>;

/**
 * Doubles the size by repeating the nearest pixel, then a 3×3 convolution: `[B, H, W, C]` → `[B, 2*H, 2*W, C]`.
 * @example
 * const { apply } = upsampleLayer({ channels: 64 })
 * pipe(zeros(8, 14, 14, 64), apply({ kernel: ones(3, 3, 64, 64), bias: zeros(64) })) // : Tensor<[8, 28, 28, 64]>
 */
export const upsampleLayer = <const C extends number, G = unknown>(
  config: Exact<G, keyof SamplingConfig<0>> & SamplingConfig<C>,
): UpsampleLayer<Channels<C>> => {
  const parts = samplingParts<C>(upsampleOptions.demand<SamplingConfig<C>>(config));
  return namedLayer('upsampleLayer', parts, (bound) => (x) => addBias(conv2d(upsample(x), bound.kernel), bound.bias));
};

/** γ, which starts at one, and β, which starts at zero. */
const scaleAndShift = <C extends number>(channels: Extent<C>) => ({
  gamma: parameterOf<[Channels<C>]>(allOnes, channels),
  beta: parameterOf<[Channels<C>]>(allZeros, channels),
});

interface GroupNormConfig<C, N = Groups> {
  readonly channels: Extent<C>;
  readonly groups: N;
  readonly epsilon?: number;
}

/** A normalization of images, `[B, H, W, C]` → `[B, H, W, C]`. */
export type GroupNormLayer<C extends Dim> = Layer<ScaleAndShift<C>, OfImages<C, C>>;

const normOptions = /* @__PURE__ */ schema('groupNormLayer', {
  channels,
  groups,
  epsilon: optional(epsilon, 1e-5),
} satisfies Record<keyof GroupNormConfig<0>, unknown>).rule((norm) => groupsDivide(norm.groups, norm.channels));

/**
 * Group normalization of `[B, H, W, channels]` (Wu & He 2018): γ·(x - μ)/√(σ² + ε) + β, with the mean μ and the variance σ² of each
 * sample over the pixels and the channels of a group. γ starts at one and β at zero. The number of groups must divide the channels:
 * raises `ConfigError` otherwise. `epsilon` is ε; default 1e-5.
 * @example
 * const { apply } = groupNormLayer({ channels: 2, groups: 1 })
 * pipe(constantOf([1, 3], 1, 1, 1, 2), apply({ gamma: ones(2), beta: zeros(2) })) // → [[[[-1, 1]]]]
 */
export const groupNormLayer = <const C extends number, const N extends Groups = Groups, G = unknown>(
  config: Exact<G, keyof GroupNormConfig<0>> & GroupNormConfig<C, GroupsFor<N, C>>,
): GroupNormLayer<Channels<C>> => {
  const { channels: C, epsilon, ...norm } = normOptions.demand<GroupNormConfig<C>>(config);
  const groups = groupsOver(norm.groups, C as number); // Extent<C> is C, or a message
  return namedLayer('groupNormLayer', scaleAndShift<C>(C), ({ gamma, beta }) => (x) => {
    requireChannels('groupNormLayer', x, C);
    const y = standardizeGroups(x, { groups, epsilon }); // (x - μ)/√(σ² + ε)
    return addBias(scaleChannels(y, gamma), beta); // γ·y + β
  });
};

interface LayerNormConfig<C> {
  readonly channels: Extent<C>;
  readonly epsilon?: number;
}

/** A normalization along the last axis, `[..., C]` → `[..., C]`. */
export type LayerNormLayer<C extends Dim> = Layer<
  ScaleAndShift<C>,
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, C]>
>;

const layerNormOptions = schema('layerNormLayer', {
  channels,
  epsilon: optional(epsilon, 1e-5),
} satisfies Record<keyof LayerNormConfig<0>, unknown>);

/**
 * Layer normalization of `[..., channels]` (Ba et al. 2016): γ·(x - μ)/√(σ² + ε) + β, with the mean μ and the variance σ² of the
 * channels. γ starts at one and β at zero. `epsilon` is ε; default 1e-5.
 * @example
 * const { apply } = layerNormLayer({ channels: 2 })
 * pipe(constantOf([1, 3], 1, 2), apply({ gamma: ones(2), beta: zeros(2) })) // → [[-1, 1]]
 */
export const layerNormLayer = <const C extends number, G = unknown>(
  config: Exact<G, keyof LayerNormConfig<0>> & LayerNormConfig<C>,
): LayerNormLayer<Channels<C>> => {
  const { channels: C, epsilon } = layerNormOptions.demand<LayerNormConfig<C>>(config);
  return namedLayer('layerNormLayer', scaleAndShift<C>(C), (bound) => (x) => {
    requireChannels('layerNormLayer', x, C);
    return layerNorm(x, bound, { epsilon });
  });
};

const rateOfDropout = argument('dropout', rate);

/**
 * Sets each element to zero with probability `rate`, and divides the others by 1 − rate, so that the mean is unchanged.
 * A rate of 0 uses no randomness. Raises `ConfigError` for a rate outside [0, 1). Srivastava et al. 2014, scaled during
 * training.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program('key', (k) => dropout(ones(6), 0.5, k)), {})(key(7))) // → [0, 0, 0, 2, 2, 2]
 */
export const dropout: {
  (rate: number, key: Key): <S extends Shape>(x: Tensor<S>) => Tensor<S>;
  <S extends Shape>(x: Tensor<S>, rate: number, key: Key): Tensor<S>;
} = dual('dropout', 3, (x: Tensor<Shape>, rate: number, key: Key) => {
  if (rateOfDropout.demand(rate) === 0) return x;
  const keep = 1 - rate;
  return where(bernoulliLike(key, keep, x), div(x, keep), 0);
});
