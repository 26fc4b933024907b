import {
  aboveZero,
  epsilon,
  exactTuple,
  hinted,
  listOfSome,
  natural,
  oneOf,
  positive,
  rate,
  refined,
} from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { type Filled, optional, type OptionsOf } from '../../internal/schema.js';
import { groups } from '../layers/groups.js';
import { heads } from '../layers/heads.js';
import { padding } from '../layers/layers.js';
import { sinusoid, timesteps } from '../layers/timeFeatures.js';
import { filter } from './resampling.js';
import { rescale } from './rescaling.js';

export const MOST_CHANNELS = 2 ** 16;

/** A number of channels, or of other numbers in a vector. */
export const width = refined(positive, `an integer from 1 to ${MOST_CHANNELS}`, (n) => n <= MOST_CHANNELS);

/** Height, width and channels of an image. */
export type ImageDimensions = readonly [height: number, width: number, channels: number];

const image: t.Type<ImageDimensions> = hinted(
  exactTuple([positive, positive, positive], '[height, width, channels]'),
  'give [height, width, channels]',
);
const blocks = refined(positive, 'from 1 to 256 blocks a level', (n) => n <= 256);
const multiplier = refined(aboveZero, 'a number above 0, up to 1024', (n) => n <= 1024);

const optionsOfEncoder = {
  /** The number of channels that `multipliers` multiply. */
  base: hinted(width, '64 is usual for 32×32 images'),
  /**
   * The channels of each level as multiples of `base`, which may be fractional; each level has half the resolution of the
   * one before.
   */
  multipliers: hinted(listOfSome(multiplier, 'an array of at least one number, one a level'), 'such as [1, 2, 2]'),
  /** The channels of the first convolution; default: those of the first level. */
  inputChannels: optional(hinted(width, 'leave it out for those of the first level')),
  /** The number of residual blocks of a level of the encoder; a U-Net has one more in the decoder. Default 2. */
  blocks: optional(hinted(blocks, '2 is usual'), 2),
  /** The resolutions (heights) with attention, besides the bottleneck; default none. */
  attention: optional(t.readonlyArray(natural, 'a list of resolutions'), []),
  /** The attention heads; default 4. */
  heads: optional(heads, 4),
  /**
   * The bottleneck: with `attention` (the default), with attention without its norm, or with `residual` blocks only.
   */
  middle: optional(oneOf('attention', 'unnormalized', 'residual'), 'attention'),
  /** The groups of the group norms; default 8. `{ channels: 4, most: 32 }` is the rule of EDM. */
  groups: optional(groups, 8),
  /** Added to the variance in group norms; default 1e-5. DDPM has 1e-6. */
  epsilon: optional(epsilon, 1e-5),
  /**
   * Scales and shifts the second norm of residual blocks by the embedding, instead of adding the embedding before it;
   * default false.
   */
  adaptiveGroupNorm: optional(t.boolean, false),
  /**
   * The layer that changes the resolution: a `convolution` (the default); a `pool` without parameters; a `residual` block, as in BigGAN
   * and ADM; or a `projected` one, with a 1×1 convolution of its input, as in the DDPM++ network of EDM.
   */
  resample: optional(oneOf('convolution', 'pool', 'residual', 'projected'), 'convolution'),
  /** The filter of `resample`, unless it is a convolution: `box` (the default), or `binomial`, as in NCSN++. */
  filter: optional(filter, 'box'),
  /**
   * The zero padding of convolutions that halve images: `symmetric` (the default), or at the `end` only, as in DDPM.
   */
  padding: optional(padding, 'symmetric'),
  /**
   * `residual` adds the image, halved by a convolution at each level, to the activations of the encoder, as in NCSN++;
   * default `plain`.
   */
  encoder: optional(oneOf('plain', 'residual'), 'plain'),
  /** A factor of all residual sums: 1 by default; `Math.SQRT1_2` in EDM. */
  rescale: optional(rescale, 1),
  /** The rate of dropout in the residual blocks, in [0, 1); default 0. */
  dropout: optional(rate, 0),
  /** The number T of timesteps of the process, 0…T−1 (default 1000); or `continuous` for times of any size. */
  timesteps: optional(timesteps, 1000),
  /**
   * The layout of the sines and cosines of the time embedding; default `ddpm`. `fourier` has random frequencies, as in
   * NCSN++.
   */
  sinusoid: optional(sinusoid, 'ddpm'),
  /** The number of sines and cosines; default `base`. */
  timeChannels: optional(hinted(width, 'leave it out for as many as base')),
  /** The length of the embedding that blocks take; default 4·base. */
  embedding: optional(hinted(width, 'leave it out for 4·base')),
  /** Stores only the inputs of blocks for the gradient, and recomputes the rest; default false. Chen et al. 2016. */
  recompute: optional(t.boolean, false),
};

/** The options that a U-Net and a classifier have in common. */
export const encoderFields = { image, ...optionsOfEncoder };

/** The configuration of the encoder, which a U-Net and a classifier have in common. */
export interface EncoderConfig<I extends ImageDimensions = ImageDimensions> extends OptionsOf<typeof optionsOfEncoder> {
  /** Height, width and channels. */
  readonly image: I;
}

/** A configuration with its defaults. */
export type Encoder = Filled<typeof encoderFields, EncoderConfig>;

/** The given options in the order of their declaration, without undefined ones: plain JSON, for checkpoints. */
export const present = <C extends object>(fields: Readonly<Record<string, unknown>>, config: C): C =>
  Object.fromEntries(
    Object.keys(fields).flatMap((name) => {
      const value = config[name as keyof C];
      return value === undefined ? [] : [[name, value]];
    }),
  ) as unknown as C; // all fields of a valid configuration are declared

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
 * The input channels of the blocks of each level of the decoder, from the bottleneck up: the channels from below plus those of an
 * activation of the encoder. The stack works as at run time: pushed in the encoder, popped in the decoder.
 */
export const joinedChannelsOf = (c: Encoder): readonly (readonly number[])[] => {
  const [levels, skips] = [levelsOf(c), [] as number[]];
  let h = inputChannelsOf(c);
  for (const { channels } of levels) {
    skips.push(h);
    for (let j = 0; j < c.blocks; j++) skips.push((h = channels));
  }
  return levels.toReversed().map(({ channels }) =>
    Array.from({ length: c.blocks + 1 }, () => {
      const inputs = h + skips.pop()!; // there is one for each block
      h = channels;
      return inputs;
    }),
  );
};

/** The number of sines and cosines, and the length of the embedding. */
export const embeddingOf = ({ base, timeChannels = base, embedding = 4 * base }: Encoder) => ({
  timeChannels,
  embedding,
});
