/** The configuration of the encoder, which a U-Net and a classifier have in common. */
import { exactly, exactTuple, finite, natural, oneOf } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import type { Groups } from '../layers/groups.js';
import type { Heads } from '../layers/heads.js';
import type { DownsamplePadding } from '../layers/layers.js';
import type { Sinusoid, TimeRange } from '../layers/timeFeatures.js';
import type { Filter } from './resampling.js';

/** Height, width and channels of an image. */
export type ImageDimensions = readonly [height: number, width: number, channels: number];

/** The configuration of the encoder. */
export interface EncoderConfig<I extends ImageDimensions = ImageDimensions> {
  /** Height, width and channels. */
  readonly image: I;
  /** The number of channels that `multipliers` multiply. */
  readonly base: number;
  /**
   * The channels of each level as multiples of `base`, which may be fractional; each level has half the resolution of the
   * one before.
   */
  readonly multipliers: readonly number[];
  /** The channels of the first convolution; default: those of the first level. */
  readonly inputChannels?: number;
  /** The number of residual blocks of a level of the encoder; a U-Net has one more in the decoder. Default 2. */
  readonly blocks?: number;
  /** The resolutions (heights) with attention, besides the bottleneck; default none. */
  readonly attention?: readonly number[];
  /** The attention heads; default 4. */
  readonly heads?: Heads;
  /**
   * The bottleneck: with `attention` (the default), with attention without its norm, or with `residual` blocks only.
   */
  readonly middle?: 'attention' | 'unnormalized' | 'residual';
  /** The groups of the group norms; default 8. `{ channels: 4, most: 32 }` is the rule of EDM. */
  readonly groups?: Groups;
  /** Added to the variance in group norms; default 1e-5. DDPM has 1e-6. */
  readonly epsilon?: number;
  /**
   * Scales and shifts the second norm of residual blocks by the embedding, instead of adding the embedding before it;
   * default false.
   */
  readonly adaptiveGroupNorm?: boolean;
  /**
   * The layer that changes the resolution: a `convolution` (the default); a `pool` without parameters; a `residual` block, as in BigGAN
   * and ADM; or a `projected` one, with a 1×1 convolution of its input, as in the DDPM++ network of EDM.
   */
  readonly resample?: 'convolution' | 'pool' | 'residual' | 'projected';
  /** The filter of `resample`, unless it is a convolution: `box` (the default), or `binomial`, as in NCSN++. */
  readonly filter?: Filter;
  /**
   * The zero padding of convolutions that halve images: `symmetric` (the default), or at the `end` only, as in DDPM.
   */
  readonly padding?: DownsamplePadding;
  /**
   * `residual` adds the image, halved by a convolution at each level, to the activations of the encoder, as in NCSN++;
   * default `plain`.
   */
  readonly encoder?: 'plain' | 'residual';
  /** A factor of all residual sums: 1 by default; `Math.SQRT1_2` in EDM. */
  readonly rescale?: number;
  /** The rate of dropout in the residual blocks, in [0, 1); default 0. */
  readonly dropout?: number;
  /** The number T of timesteps of the process, 0…T−1 (default 1000); or `continuous` for times of any size. */
  readonly timesteps?: TimeRange;
  /**
   * The layout of the sines and cosines of the time embedding; default `ddpm`. `fourier` has random frequencies, as in
   * NCSN++.
   */
  readonly sinusoid?: Sinusoid | 'fourier';
  /** The number of sines and cosines; default `base`. */
  readonly timeChannels?: number;
  /** The length of the embedding that blocks take; default 4·base. */
  readonly embedding?: number;
  /** Stores only the inputs of blocks for the gradient, and recomputes the rest; default false. Chen et al. 2016. */
  readonly recompute?: boolean;
}

export const encoderDefaults = {
  blocks: 2,
  attention: [],
  heads: 4,
  middle: 'attention',
  groups: 8,
  epsilon: 1e-5,
  adaptiveGroupNorm: false,
  resample: 'convolution',
  filter: 'box',
  padding: 'symmetric',
  encoder: 'plain',
  rescale: 1,
  dropout: 0,
  timesteps: 1000,
  sinusoid: 'ddpm',
  recompute: false,
} satisfies Partial<EncoderConfig>;

/** A configuration with its defaults. */
export type Encoder = EncoderConfig & Required<Pick<EncoderConfig, keyof typeof encoderDefaults>>;

const layout = exactly({ first: oneOf('sine', 'cosine'), shift: finite }, { maxPeriod: finite, scale: finite });
const named = oneOf('ddpm', 'guided-diffusion', 'fourier');

export const headsCodec = t.union([natural, exactly({ channels: natural })], 'a number of heads, or { channels }');

/** The codecs of the required fields. */
export const encoderRequired = {
  image: exactTuple([natural, natural, natural], '[height, width, channels]'),
  base: natural,
  multipliers: t.array(finite),
};

/** The codecs of the optional fields. */
export const encoderOptional = {
  inputChannels: natural,
  blocks: natural,
  attention: t.array(natural),
  heads: headsCodec,
  middle: oneOf('attention', 'unnormalized', 'residual'),
  groups: t.union(
    [natural, exactly({ channels: natural, most: natural })],
    'a number of groups, or { channels, most }',
  ),
  epsilon: finite,
  adaptiveGroupNorm: t.boolean,
  resample: oneOf('convolution', 'pool', 'residual', 'projected'),
  filter: oneOf('box', 'binomial'),
  padding: oneOf('symmetric', 'end'),
  encoder: oneOf('plain', 'residual'),
  rescale: finite,
  dropout: finite,
  timesteps: t.union([natural, t.literal('continuous')], "a number of timesteps, or 'continuous'"),
  sinusoid: t.union([named, layout], `${named.name}, or { first, shift, maxPeriod, scale }`),
  timeChannels: natural,
  embedding: natural,
  recompute: t.boolean,
};

/** Adds defaults, also for fields that are undefined. */
export const withDefaults = <C extends object, D extends object>(defaults: D, given: C): C & D => {
  const defined = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(defined) as unknown as C) }; // the given fields, without undefined ones
};

/**
 * The channels of a level: base·multiplier. A multiplier may be a rounded quotient: 224·(928/224) is 928 up to the last bit, so
 * a product within 1e-6 of an integer is that integer.
 */
export const levelChannels = (base: number, multiplier: number): number => {
  const product = base * multiplier;
  const whole = Math.round(product);
  return Math.abs(product - whole) <= 1e-6 ? whole : product;
};

/** The levels, from full resolution to the bottleneck. */
export const levelsOf = ({ image, base, multipliers, attention }: Encoder) =>
  multipliers.map((multiplier, level) => {
    const height = image[0] / 2 ** level;
    return {
      height,
      width: image[1] / 2 ** level,
      channels: levelChannels(base, multiplier),
      attends: attention.includes(height),
    };
  });

/** The number of channels of the first convolution. */
export const inputChannelsOf = ({ inputChannels, base, multipliers }: Encoder): number =>
  inputChannels ?? levelChannels(base, multipliers[0]!); // an encoder has at least one level

/**
 * The channels that enter the blocks of each level of the decoder: those from below, joined with an activation of the
 * encoder.
 */
export const joinedChannelsOf = (c: Encoder): readonly (readonly number[])[] => {
  const levels = levelsOf(c);
  return levels.map(({ channels }, l) => {
    const entering = levels[l - 1]?.channels ?? inputChannelsOf(c);
    const below = levels[l + 1]?.channels ?? channels;
    return Array.from(
      { length: c.blocks + 1 },
      (_, j) => (j === 0 ? below : channels) + (j === c.blocks ? entering : channels),
    );
  });
};

/** The number of sines and cosines, and the length of the embedding. */
export const embeddingOf = ({ base, timeChannels = base, embedding = 4 * base }: Encoder) => ({
  timeChannels,
  embedding,
});
