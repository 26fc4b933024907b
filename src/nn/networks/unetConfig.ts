import { type Explanation, fail, type NoisefoldError } from '../../dsl/index.js';
import { optionsOf } from '../../internal/options.js';
import { exactly, exactTuple, finite, natural, positive } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import type { Sinusoid } from '../layers/embedding.js';

/** The number of attention heads, or the number of channels of each. */
export type Heads = number | { readonly channels: number };

/** The images that a U-Net is conditioned on. */
export interface UNetConditionConfig {
  /** The number of their channels. Their size is free: they are resized to that of the samples. */
  readonly channels: number;
  /** Takes the noise level of the condition as an input (Cascaded Diffusion, Ho et al. 2022); default false. */
  readonly noiseLevel?: boolean;
}

/** The configuration of a U-Net. */
export interface UNetConfig<I extends readonly [number, number, number] = readonly [number, number, number]> {
  /** Height, width and channels. */
  readonly image: I;
  /** The number of channels at full resolution, an even number. */
  readonly base: number;
  /** The channels of each level as multiples of `base`; each level has half the resolution of the one before. */
  readonly multipliers: readonly number[];
  /** The number of residual blocks of a level on the way down, with one more on the way up; default 2. */
  readonly blocks?: number;
  /** The resolutions (heights) with attention, besides the bottleneck, which always has it; default none. */
  readonly attention?: readonly number[];
  /** The attention heads; default 4. */
  readonly heads?: Heads;
  /** The number of groups of the group norms; default 8. */
  readonly groups?: number;
  /** The number of classes of a class-conditional model. The label `classes` stands for no class. */
  readonly classes?: number;
  /** An image as condition of each sample, appended to x_t as channels (SR3, Saharia et al. 2021); default none. */
  readonly condition?: UNetConditionConfig;
  /** Scales and shifts the second norm of residual blocks by the embedding, instead of adding it before; default false. */
  readonly adaptiveGroupNorm?: boolean;
  /** The rate of dropout in the residual blocks, in [0, 1); default 0. */
  readonly dropout?: number;
  /** The number T of timesteps of the process, 0…T−1; default 1000. */
  readonly timesteps?: number;
  /** The noise ε, the data x₀, the velocity v or the score; default `epsilon`. */
  readonly predicts?: 'epsilon' | 'x0' | 'v' | 'score';
  /**
   * Learns the variance of the reverse steps too, by doubling the output channels (Nichol & Dhariwal 2021): 'range'
   * interpolates between log β̃_t at −1 and log β_t at 1, 'logVariance' is log σ² itself; default: not learned.
   */
  readonly learnedVariance?: 'range' | 'logVariance';
  /** The convention of the time embedding; default `ddpm`. */
  readonly sinusoid?: Sinusoid;
}

const defaults = {
  blocks: 2,
  attention: [],
  heads: 4,
  groups: 8,
  adaptiveGroupNorm: false,
  dropout: 0,
  timesteps: 1000,
  predicts: 'epsilon',
  sinusoid: 'ddpm',
} satisfies Partial<UNetConfig>;

/** A valid configuration with its defaults: plain JSON, for checkpoints. */
export type UNetArchitecture = UNetConfig & Required<Pick<UNetConfig, keyof typeof defaults>>;

const decoded = optionsOf({
  where: 'unet',
  hint: 'see UNetConfig for the fields and what they take',
  options: exactly(
    {
      image: exactTuple([natural, natural, natural], '[height, width, channels]'),
      base: natural,
      multipliers: t.array(natural),
    },
    {
      blocks: natural,
      attention: t.array(natural),
      heads: t.union([natural, exactly({ channels: natural })], 'a number of heads, or { channels }'),
      groups: natural,
      classes: natural,
      condition: exactly({ channels: natural }, { noiseLevel: t.boolean }),
      adaptiveGroupNorm: t.boolean,
      dropout: finite,
      timesteps: natural,
      predicts: t.keyof({ epsilon: null, x0: null, v: null, score: null }, "'epsilon', 'x0', 'v' or 'score'"),
      learnedVariance: t.keyof({ range: null, logVariance: null }, "'range' or 'logVariance'"),
      sinusoid: t.keyof({ ddpm: null, 'guided-diffusion': null }, "'ddpm' or 'guided-diffusion'"),
    },
  ),
});

const withDefaults = (given: UNetConfig): UNetArchitecture => {
  const defined = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(defined) as unknown as UNetConfig) }; // the given fields, without undefined ones
};

/** The levels, from full resolution to the bottleneck. */
export const levelsOf = ({ image, base, multipliers, attention }: UNetArchitecture) =>
  multipliers.map((multiplier, level) => {
    const height = image[0] / 2 ** level;
    return { height, width: image[1] / 2 ** level, channels: base * multiplier, attends: attention.includes(height) };
  });

/** The number of attention heads over some channels. */
export const headsOver = (heads: Heads, channels: number): number =>
  typeof heads === 'number' ? heads : channels / heads.channels;

const isWhole = (n: number, most = Infinity): boolean => positive.is(n) && n <= most;

const wrong = (field: string, expected: string, actual: string | number, hint: string): Explanation => ({
  where: `unet.${field}`,
  expected,
  actual: `${actual}`,
  hint,
});

/** Checks each field. */
const ofFields = (c: UNetArchitecture): readonly (Explanation | false)[] => [
  !c.image.every((n) => isWhole(n)) && wrong('image', 'extents ≥ 1', `[${c.image.join(', ')}]`, 'give [height, width, channels]'),
  !(isWhole(c.base, 65_536) && c.base % 2 === 0) && wrong('base', 'an even number from 2 to 65536', c.base, 'half of the time embedding is sines, half cosines'),
  !(c.multipliers.length > 0 && c.multipliers.every((n) => isWhole(n, 1024))) && wrong('multipliers', 'one integer from 1 to 1024 a level', `[${c.multipliers.join(', ')}]`, 'such as [1, 2, 2]'),
  !isWhole(c.blocks, 256) && wrong('blocks', 'from 1 to 256 blocks a level', c.blocks, '2 is usual'),
  !isWhole(typeof c.heads === 'number' ? c.heads : c.heads.channels) && wrong('heads', 'at least one', 0, 'give a number of heads, or { channels: 64 } for each'),
  !isWhole(c.groups) && wrong('groups', 'at least one group', c.groups, '8 or 32 is usual'),
  c.condition?.channels === 0 && wrong('condition.channels', 'at least one channel', 0, 'leave the condition out for a model without'),
  c.classes === 0 && wrong('classes', 'at least one class', c.classes, 'leave it out for a model without labels'),
  !(c.dropout >= 0 && c.dropout < 1) && wrong('dropout', 'a rate in [0, 1)', c.dropout, 'give the fraction that is dropped, such as 0.1'),
  !isWhole(c.timesteps, Math.min(1e6, 2 ** 28 / c.base)) && wrong('timesteps', 'from 1 to 1000000 timesteps, and at most 2^28 numbers in their embeddings', c.timesteps, '1000 is usual'),
]; // prettier-ignore

/** Checks the fields together, once each is valid. */
const ofLevels = (c: UNetArchitecture): readonly (Explanation | false)[] => {
  const levels = levelsOf(c);
  const odd = levels.slice(0, -1).find(({ height, width }) => height % 2 !== 0 || width % 2 !== 0);
  const resolutions = levels.map(({ height }) => height);
  const missing = c.attention.find((resolution) => !resolutions.includes(resolution));
  const [height, width] = c.image;
  const deepest = Math.min(...[height, width].map((extent) => Math.log2(extent & -extent))) + 1;
  const factor = 2 ** (levels.length - 1);
  const ungrouped = [c.base, ...levels.map(({ channels }) => channels)].find((n) => n % c.groups !== 0);
  const unheaded = [...levels.filter(({ attends }) => attends), levels.at(-1)!].find(
    ({ channels }) => !isWhole(channels / headsOver(c.heads, channels)) || !isWhole(headsOver(c.heads, channels)),
  );
  return [
    odd !== undefined && wrong(
      'image',
      `a height and width that ${factor} divides, for ${levels.length} levels`,
      `${height}×${width}, which is ${odd.height}×${odd.width} at level ${levels.indexOf(odd)}`,
      `use ${deepest === 1 ? 'one multiplier' : `at most ${deepest} multipliers`}, or pad the image to ${Math.ceil(height / factor) * factor}×${Math.ceil(width / factor) * factor}`,
    ),
    missing !== undefined && wrong('attention', `resolutions that occur: ${resolutions.join(', ')}`, missing, 'name the heights of levels; the bottleneck attends anyway'),
    ungrouped !== undefined && wrong('groups', `a divisor of all channels: base ${c.base}, levels ${levels.map(({ channels }) => channels).join(', ')}`, `${c.groups}, which does not divide ${ungrouped}`, `make base a multiple of ${c.groups}, or choose fewer groups`),
    unheaded !== undefined && wrong('heads', `heads that share the ${unheaded.channels} channels at resolution ${unheaded.height} evenly`, typeof c.heads === 'number' ? c.heads : `${c.heads.channels} channels a head`, 'choose a divisor'),
  ]; // prettier-ignore
};

/**
 * Decodes a configuration, of a checkpoint or of a program, and adds the defaults. Returns a `ConfigError` that says what to
 * change for an invalid value, an unknown field, or a network that cannot be built.
 * @example
 * const architecture = unetArchitecture({ image: [28, 28, 1], base: 32, multipliers: [1, 2, 4, 4] })
 * pipe(architecture, E.mapLeft(({ hint }) => hint)) // → E.left('use at most 3 multipliers, or pad the image to 32×32')
 */
export const unetArchitecture = (config: unknown): either.Either<NoisefoldError, UNetArchitecture> =>
  F.pipe(
    decoded(config),
    E.map(withDefaults),
    E.flatMap((c) => {
      const error = ofFields(c).find((x) => x !== false) ?? ofLevels(c).find((x) => x !== false);
      return error === undefined ? E.right(c) : fail('ConfigError', error);
    }),
  );
