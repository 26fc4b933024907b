/** Rules between the options of an encoder, after the check of their types. */
import type { Broken } from '../../internal/schema.js';
import { type Groups, groupsDivide, groupsOver } from '../layers/groups.js';
import { type Heads, headsDivide } from '../layers/heads.js';
import {
  embeddingOf,
  type Encoder,
  type EncoderConfig,
  inputChannelsOf,
  levelChannels,
  levelsOf,
  MOST_CHANNELS,
  width,
} from './encoderConfig.js';

/** The maximum size of the table of all timesteps, which a network makes when it is constructed. */
const MOST_NUMBERS = 2 ** 24;

type Check = Broken<keyof EncoderConfig> | null;

const ofWidths = (c: Encoder): Check => {
  if (!c.multipliers.every((n) => width.is(levelChannels(c.base, n))))
    return {
      field: 'multipliers',
      expected: `multiples of base ${c.base} that are whole numbers of channels, up to ${MOST_CHANNELS}`,
      actual: `[${c.multipliers.join(', ')}]`,
      hint: 'such as 0.5 of an even base',
    };
  const { embedding } = embeddingOf(c);
  if (width.is(embedding)) return null;
  return { field: 'embedding', expected: width.name, actual: `4·base = ${embedding}`, hint: 'give a smaller number' };
};

const ofTimes = (c: Encoder): Check => {
  const { sinusoid, timesteps } = c;
  const { timeChannels } = embeddingOf(c);
  const half = Math.floor(timeChannels / 2);
  if (sinusoid === 'fourier' && timeChannels % 2 !== 0)
    return {
      field: 'timeChannels',
      expected: 'an even number, for sines and cosines of random frequencies',
      actual: `${timeChannels}`,
      hint: 'give an even number',
    };
  if (typeof sinusoid === 'object' && timeChannels > 3 && sinusoid.shift >= half)
    return {
      field: 'sinusoid.shift',
      expected: `less than ${half}, half of the sines and cosines`,
      actual: `${sinusoid.shift}`,
      hint: '0 and 1 are usual',
    };
  return timesteps === 'continuous' || (timesteps > 0 && timesteps <= Math.min(1e6, MOST_NUMBERS / timeChannels))
    ? null
    : {
        field: 'timesteps',
        expected: 'from 1 to 1000000 timesteps, and at most 2^24 numbers in their embeddings',
        hint: '1000 is usual',
      };
};

/** The rule that the heads divide the channels of all levels with attention, including the bottleneck. */
export const headsFit = <N extends 'heads' | 'upHeads'>(field: N, heads: Heads, c: Encoder): Broken<N> | null => {
  const levels = levelsOf(c);
  const attending = [
    ...levels.filter(({ attends }) => attends),
    ...(c.middle === 'residual' ? [] : [levels.at(-1)!]), // there is at least one level
  ];
  const unheaded = attending.find(({ channels }) => headsDivide(heads, channels) !== null);
  if (unheaded === undefined) return null;
  const expected = `heads that share the ${unheaded.channels} channels at resolution ${unheaded.height} evenly`;
  const actual = typeof heads === 'number' ? `${heads}` : `${heads.channels} channels a head`;
  return { field, expected, actual, hint: 'choose a divisor' };
};

const ofSize = (c: Encoder): Check => {
  const levels = levelsOf(c);
  const odd = levels.slice(0, -1).find(({ height, width: columns }) => height % 2 !== 0 || columns % 2 !== 0);
  if (odd === undefined) return null;
  const [height, columns] = c.image;
  const deepest = Math.min(...[height, columns].map((extent) => Math.log2(extent & -extent))) + 1;
  const factor = 2 ** (levels.length - 1);
  const padded = [height, columns].map((extent) => Math.ceil(extent / factor) * factor).join('×');
  return {
    field: 'image',
    expected: `a height and width that ${factor} divides, for ${levels.length} levels`,
    actual: `${height}×${columns}, which is ${odd.height}×${odd.width} at level ${levels.indexOf(odd)}`,
    hint: `use ${deepest === 1 ? 'one multiplier' : `at most ${deepest} multipliers`}, or pad the image to ${padded}`,
  };
};

/** The rule that the groups divide some numbers of channels; `of` describes these channels in the error. */
export const groupsFit = (groups: Groups, of: string, channels: readonly number[]): Broken<'groups'> | null => {
  const ungrouped = channels.find((n) => groupsDivide(groups, n) !== null);
  if (ungrouped === undefined) return null;
  const count = groupsOver(groups, ungrouped);
  return {
    field: 'groups',
    expected: `a divisor of all channels: ${of}`,
    actual: `${count}, which does not divide ${ungrouped}`,
    hint: `choose a divisor of all of them, or make each a multiple of ${count || 1}`,
  };
};

const ofGroups = (c: Encoder): Check => {
  const [input, levels] = [inputChannelsOf(c), levelsOf(c).map(({ channels }) => channels)];
  return groupsFit(c.groups, `input ${input}, levels ${levels.join(', ')}`, [input, ...levels]);
};

const ofAttention = (c: Encoder): Check => {
  const resolutions = levelsOf(c).map(({ height }) => height);
  const missing = c.attention.find((resolution) => !resolutions.includes(resolution));
  if (missing === undefined) return null;
  return {
    field: 'attention',
    expected: `resolutions that occur: ${resolutions.join(', ')}`,
    actual: `${missing}`,
    hint: 'name the heights of levels; the bottleneck has its own field, `middle`',
  };
};

/** The rules of an encoder. */
export const encoderFits = (c: Encoder): Check =>
  ofWidths(c) ?? ofTimes(c) ?? ofSize(c) ?? ofAttention(c) ?? ofGroups(c) ?? headsFit('heads', c.heads, c);
