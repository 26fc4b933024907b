/** Checks of the configuration of an encoder, after each field was decoded to its type. */
import { type Explanation, fail, type NoisefoldError } from '../../dsl/index.js';
import { positive } from '../../internal/decode.js';
import { E, type either } from '../../internal/fp.js';
import { type Groups, groupsOver } from '../layers/groups.js';
import { type Heads, headsOver } from '../layers/heads.js';
import { embeddingOf, type Encoder, inputChannelsOf, levelChannels, levelsOf } from './encoderConfig.js';

/** The error of a configuration, or false if it is valid. */
export type Check = Explanation | false;

export const isWhole = (n: number, most = Infinity): boolean => positive.is(n) && n <= most;

/** The error of a wrong field in the configuration of `network`. */
export const wrongIn =
  (network: string) =>
  (field: string, expected: string, actual: string | number, hint: string): Explanation => ({
    where: `${network}.${field}`,
    expected,
    actual: `${actual}`,
    hint,
  });

const MOST_CHANNELS = 2 ** 16;
/** The maximum size of the table of all timesteps, which is made with the network. */
const MOST_NUMBERS = 2 ** 24;

/** Checks each field. */
export const fieldChecks = (network: string, c: Encoder): readonly Check[] => {
  const wrong = wrongIn(network);
  const { timeChannels, embedding } = embeddingOf(c);
  const groups = typeof c.groups === 'number' ? [c.groups] : [c.groups.channels, c.groups.most];
  const fourier = c.sinusoid === 'fourier';
  const layout = typeof c.sinusoid === 'object' ? c.sinusoid : undefined;
  return [
    !c.image.every((n) => isWhole(n)) && wrong('image', 'extents ≥ 1', `[${c.image.join(', ')}]`, 'give [height, width, channels]'),
    !isWhole(c.base, MOST_CHANNELS) && wrong('base', `a number from 1 to ${MOST_CHANNELS}`, c.base, '64 is usual for 32×32 images'),
    !(c.multipliers.length > 0 && c.multipliers.every((n) => n > 0 && n <= 1024)) && wrong('multipliers', 'one number a level, up to 1024', `[${c.multipliers.join(', ')}]`, 'such as [1, 2, 2]'),
    !c.multipliers.every((n) => isWhole(levelChannels(c.base, n))) && wrong('multipliers', `multiples of base ${c.base} that are whole numbers of channels`, `[${c.multipliers.join(', ')}]`, 'such as 0.5 of an even base'),
    !isWhole(inputChannelsOf(c), MOST_CHANNELS) && wrong('inputChannels', `a number from 1 to ${MOST_CHANNELS}`, inputChannelsOf(c), 'leave it out for those of the first level'),
    !isWhole(c.blocks, 256) && wrong('blocks', 'from 1 to 256 blocks a level', c.blocks, '2 is usual'),
    headsCheck(network, 'heads', c.heads),
    !groups.every((n) => isWhole(n)) && wrong('groups', 'at least one group', groups.join(', '), '8 or 32 is usual'),
    !(c.epsilon >= 0) && wrong('epsilon', 'a number ≥ 0', c.epsilon, '1e-5 is usual, 1e-6 in DDPM'),
    !(c.dropout >= 0 && c.dropout < 1) && wrong('dropout', 'a rate in [0, 1)', c.dropout, 'give the fraction that is dropped, such as 0.1'),
    !isWhole(timeChannels, MOST_CHANNELS) && wrong('timeChannels', `a number from 1 to ${MOST_CHANNELS}`, timeChannels, 'leave it out for as many as base'),
    fourier && timeChannels % 2 !== 0 && wrong('timeChannels', 'an even number, for sines and cosines of random frequencies', timeChannels, 'give an even number'),
    layout !== undefined && !(layout.maxPeriod === undefined || layout.maxPeriod > 0) && wrong('sinusoid.maxPeriod', 'a number > 0', layout.maxPeriod!, '10000 is usual'),
    layout !== undefined && timeChannels > 3 && layout.shift >= Math.floor(timeChannels / 2) && wrong('sinusoid.shift', `less than ${Math.floor(timeChannels / 2)}, half of the sines and cosines`, layout.shift, '0 and 1 are usual'),
    !isWhole(embedding, MOST_CHANNELS) && wrong('embedding', `a number from 1 to ${MOST_CHANNELS}`, embedding, 'leave it out for 4·base'),
    c.timesteps !== 'continuous' && !isWhole(c.timesteps, Math.min(1e6, MOST_NUMBERS / timeChannels)) && wrong('timesteps', 'from 1 to 1000000 timesteps, and at most 2^24 numbers in their embeddings', c.timesteps, '1000 is usual'),
  ]; // prettier-ignore
};

/** Checks a number of heads. */
export const headsCheck = (network: string, field: string, heads: Heads): Check =>
  !isWhole(typeof heads === 'number' ? heads : heads.channels) &&
  wrongIn(network)(field, 'at least one head', 0, 'give a number of heads, or { channels: 64 } for each');

/** Checks that the heads divide the channels of all levels with attention, including the bottleneck. */
export const sharingCheck = (network: string, field: string, heads: Heads, c: Encoder): Check => {
  const levels = levelsOf(c);
  const attending = [
    ...levels.filter(({ attends }) => attends),
    ...(c.middle === 'residual' ? [] : [levels.at(-1)!]), // there is at least one level
  ];
  const unheaded = attending.find(({ channels }) => !isWhole(channels / headsOver(heads, channels)) || !isWhole(headsOver(heads, channels))); // prettier-ignore
  return (
    unheaded !== undefined &&
    wrongIn(network)(
      field,
      `heads that share the ${unheaded.channels} channels at resolution ${unheaded.height} evenly`,
      typeof heads === 'number' ? heads : `${heads.channels} channels a head`,
      'choose a divisor',
    )
  );
};

const sizeCheck = (network: string, c: Encoder): Check => {
  const levels = levelsOf(c);
  const odd = levels.slice(0, -1).find(({ height, width }) => height % 2 !== 0 || width % 2 !== 0);
  if (odd === undefined) return false;
  const [height, width] = c.image;
  const deepest = Math.min(...[height, width].map((extent) => Math.log2(extent & -extent))) + 1;
  const factor = 2 ** (levels.length - 1);
  const padded = [height, width].map((extent) => Math.ceil(extent / factor) * factor).join('×');
  return wrongIn(network)(
    'image',
    `a height and width that ${factor} divides, for ${levels.length} levels`,
    `${height}×${width}, which is ${odd.height}×${odd.width} at level ${levels.indexOf(odd)}`,
    `use ${deepest === 1 ? 'one multiplier' : `at most ${deepest} multipliers`}, or pad the image to ${padded}`,
  );
};

/** Checks that the groups divide some numbers of channels; `of` describes these channels in the error. */
export const groupsCheck = (network: string, groups: Groups, of: string, channels: readonly number[]): Check => {
  const ungrouped = channels.find((n) => !isWhole(groupsOver(groups, n)) || n % groupsOver(groups, n) !== 0);
  if (ungrouped === undefined) return false;
  const [expected, count] = [`a divisor of all channels: ${of}`, groupsOver(groups, ungrouped)];
  const hint = `choose a divisor of all of them, or make each a multiple of ${count || 1}`;
  return wrongIn(network)('groups', expected, `${count}, which does not divide ${ungrouped}`, hint);
};

const encoderGroupsCheck = (network: string, c: Encoder): Check => {
  const [input, levels] = [inputChannelsOf(c), levelsOf(c).map(({ channels }) => channels)];
  return groupsCheck(network, c.groups, `input ${input}, levels ${levels.join(', ')}`, [input, ...levels]);
};

/** Checks the fields together, once each is valid. */
export const levelChecks = (network: string, c: Encoder): readonly Check[] => {
  const resolutions = levelsOf(c).map(({ height }) => height);
  const missing = c.attention.find((resolution) => !resolutions.includes(resolution));
  return [
    sizeCheck(network, c),
    missing !== undefined && wrongIn(network)('attention', `resolutions that occur: ${resolutions.join(', ')}`, missing, 'name the heights of levels; the bottleneck has its own field, `middle`'),
    encoderGroupsCheck(network, c),
    sharingCheck(network, 'heads', c.heads, c),
  ]; // prettier-ignore
};

/** The configuration, or its first error. */
export const checkedBy = <C>(
  c: C,
  ...checks: readonly ((c: C) => readonly Check[])[]
): either.Either<NoisefoldError, C> => {
  for (const check of checks) {
    const error = check(c).find((found) => found !== false);
    if (error !== undefined) return fail('ConfigError', error);
  }
  return E.right(c);
};
