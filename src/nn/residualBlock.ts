import {
  add,
  addBias,
  addPerSample,
  type Affine,
  conv2d,
  type Dim,
  halve,
  type Key,
  mulPerSample,
  type ScaleAndShift,
  silu,
  type Tensor,
} from '../dsl/index.js';
import { F } from '../internal/fp.js';
import { convLayer, type ConvParams } from './conv.js';
import { dropout as dropoutBy } from './dropout.js';
import { groupNormLayer } from './groupNorm.js';
import { allZeros } from './initializers.js';
import { collect, type TrainableLayer } from './layer.js';
import { linearLayer } from './linear.js';
import { namedFields } from '../dsl/options.js';

/** The parameters of a residual block from C to D channels. */
export interface ResidualBlockParams {
  readonly norm1: ScaleAndShift<Dim>;
  readonly conv1: ConvParams<Dim, Dim>;
  /** Of the embedding. */
  readonly projection: Affine<Dim, Dim>;
  readonly norm2: ScaleAndShift<Dim>;
  readonly conv2: ConvParams<Dim, Dim>;
  /** A 1×1 convolution, where C is not D. */
  readonly skip?: Affine<Dim, Dim>;
}

/**
 * `x: [B, H, W, C]` and the activated embedding `[B, E]` → `[B, H, W, D]`. Without a key nothing is dropped.
 */
export type ResidualBlock = TrainableLayer<
  ResidualBlockParams,
  <B extends Dim>(
    embedding: Tensor<[B, Dim]>,
    dropout?: Key,
  ) => (x: Tensor<[B, Dim, Dim, Dim]>) => Tensor<[B, Dim, Dim, Dim]>
>;

/** `(1 + y_s)·h + y_b`, with the halves of `y: [B, 2·D]`, at each pixel of `h: [B, H, W, D]`. */
const scaleAndShift =
  <B extends Dim>(y: Tensor<[B, Dim]>) =>
  (h: Tensor<[B, Dim, Dim, Dim]>): Tensor<[B, Dim, Dim, Dim]> => {
    const [scale, shift] = halve()(y);
    return addPerSample(shift)(mulPerSample(add(1)(scale))(h));
  };

export interface ResidualBlockConfig {
  readonly inputs: number;
  readonly outputs: number;
  /** The length of the embedding. */
  readonly embedding: number;
  readonly groups: number;
  /** Whether the embedding scales and shifts what the second norm gives, or is only added before it. */
  readonly adaptiveGroupNorm: boolean;
  /** The rate at which activations are dropped, in [0, 1). */
  readonly dropout: number;
}

/** The fields of a {@link ResidualBlockConfig}, in the words of errors. */
export const residualFields = {
  inputs: 'a number of channels',
  outputs: 'a number of channels',
  embedding: 'the length of the embedding',
  groups: 'a number of groups',
  adaptiveGroupNorm: 'true or false',
  dropout: 'a rate in [0, 1)',
};

const fields = namedFields('residualBlock', residualFields);

/**
 * The residual block of DDPM (Ho et al. 2020, appendix B): norm, SiLU, convolution, plus the projected
 * embedding y; norm, SiLU, dropout, convolution, which begins at zero; plus the input. With adaptive group
 * norm (Dhariwal & Nichol 2021, section 3.1) y = [y_s, y_b] is not added: the second norm of h becomes
 * (1 + y_s)·GroupNorm(h) + y_b. The embedding comes with its SiLU applied, since all blocks share it.
 *
 * @example
 * const config = { embedding: 8, groups: 2, adaptiveGroupNorm: true, dropout: 0 }
 * const block = residualBlock({ inputs: 4, outputs: 4, ...config })
 * // gives its input back, before it has learned anything
 * await pipe(
 *   compile(program({ k: 'key' }, ({ k }) => block.apply(block.init(k))(ones(1, 8))(ones(1, 1, 1, 4))), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([1, 1, 1, 1])
 */
export const residualBlock = (config: ResidualBlockConfig): ResidualBlock => {
  const { inputs, outputs, embedding: embedded, groups, adaptiveGroupNorm, dropout } = fields(config);
  const layers = {
    norm1: groupNormLayer({ channels: inputs, groups }),
    conv1: convLayer({ inputs, outputs }),
    projection: linearLayer({ inputs: embedded, outputs: adaptiveGroupNorm ? 2 * outputs : outputs }),
    norm2: groupNormLayer({ channels: outputs, groups }),
    conv2: convLayer({ inputs: outputs, outputs, initializer: allZeros }),
  };
  const skip = inputs === outputs ? undefined : linearLayer({ inputs, outputs });
  return {
    ...collect({ ...layers, ...(skip && { skip }) }),
    apply: (params) => (embedding, key) => (x) => {
      const y = layers.projection.apply(params.projection)(embedding); // [B, D] or [B, 2·D]
      const h = F.pipe(
        x,
        layers.norm1.apply(params.norm1),
        silu,
        conv2d(params.conv1.kernel),
        adaptiveGroupNorm
          ? F.flow(addBias(params.conv1.bias), layers.norm2.apply(params.norm2), scaleAndShift(y))
          : // the bias is added to y, which is small: one broadcast for both
            F.flow(addPerSample(addBias(params.conv1.bias)(y)), layers.norm2.apply(params.norm2)),
        silu,
        key === undefined ? F.identity : dropoutBy(dropout, key),
        layers.conv2.apply(params.conv2),
      );
      const straight = skip && params.skip ? skip.apply(params.skip)(x) : x;
      return add(straight)(h);
    },
  };
};
