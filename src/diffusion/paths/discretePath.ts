/** The path of the timesteps of a schedule. */
import { type Dim, dtypeOf, type Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { channelOfSigma, normOf, preservesVariance, sigmaOf } from '../channels/channel.js';
import { DATA, type Level, requireTime } from '../channels/level.js';
import { isSameSigma, LOG_SIGMA, roundedTimestepOfSigma } from '../schedules/noiseLevel.js';
import type { DiscreteNoising } from './discreteNoising.js';
import type { Clock, Lookup, NoiseLevel, Path, TimeType } from './path.js';
import { channelsAt, entriesAt, entryBetween } from '../channels/entries.js';

/**
 * The timesteps of a conditioning as int32, for a denoiser that looks up numbers by timestep. Raises `ConfigError` for fractional
 * timesteps, which a sampler gives between the timesteps of a process.
 * @example wholeTimesteps(iota(2)) // → [0, 1]
 */
export const wholeTimesteps = <B extends Dim>(t: Tensor<[B], TimeType>): Tensor<[B], 'int32'> =>
  dtypeOf(t) === 'int32'
    ? (t as Tensor<[B], 'int32'>)
    : raise('ConfigError', {
        where: 'denoiser: t',
        expected: 'whole timesteps, int32, by which this denoiser looks numbers up',
        actual: 'fractional timesteps, float32',
        hint: 'take a grid of whole timesteps, without churn',
      });

/** Makes a function at its first call, because its tables take longer than the rest of a path, and plans do not need them. */
const deferred = <F extends (...args: never[]) => unknown>(make: () => F): F => {
  let f: F | undefined;
  return ((...args) => (f ??= make())(...args)) as F; // calls a function of this type
};

/** Looks up levels by their index in a list. */
const levelsInList = (list: readonly Level[]): Path['levels'] => {
  const rates = list.map((level) => level.rates);
  const channelAt = channelsAt(list);
  const normAt = list.every(preservesVariance) ? undefined : entriesAt(list.map(normOf));
  const ratesAt = rates.every((rate) => rate !== undefined) ? channelsAt(rates) : undefined;
  return <B extends Dim>(t: Tensor<[B], TimeType>): NoiseLevel<B> => {
    const index = wholeTimesteps(t);
    return {
      ...channelAt(index),
      ...(normAt && { norm: normAt(index) }),
      ...(ratesAt && { rates: ratesAt(index) }),
    };
  };
};

/** The timestep of each index as the network gets it; the index itself where the two are equal. */
const clockOfTable = (timesteps: Int32Array | Float64Array): Clock['of'] => {
  const isIndex = timesteps instanceof Int32Array && timesteps.every((timestep, t) => timestep === t);
  const networkAt = entriesAt(timesteps);
  return (t) => (isIndex ? t : networkAt(wholeTimesteps(t)));
};

/**
 * The number of timesteps that a network needs for some times. Without Math.max(...times), because a call has a limited number of
 * arguments.
 */
const countOf = (times: ArrayLike<number>, isWhole: boolean): number => {
  const last = Array.from(times).reduce((most, time) => Math.max(most, time), 0);
  return isWhole ? Math.floor(last) + 1 : Math.ceil(last);
};

/** Looks up levels of a path by their index: the evaluations of a sampler. */
export const lookupIn = (list: readonly Level[], { at, isWhole, count }: Clock): Lookup => {
  const times = list.map((level) => level.networkTime ?? at(level));
  const isTable = isWhole && times.every(Number.isInteger);
  return {
    list,
    levelAt: (t) => list[t]!,
    levels: deferred(() => levelsInList(list)),
    clock: {
      isWhole,
      count: count === Infinity ? count : countOf(times, isWhole),
      at: ({ t }) => times[t]!,
      of: deferred(() => clockOfTable(isTable ? Int32Array.from(times) : Float64Array.from(times))),
    },
  };
};

/** The path of a discrete noising. Between two timesteps log(σ/α) is linear in t, or another measure of its own. */
export const discretePath = ({
  schedule,
  marginals,
  timesteps,
  origin,
  between = LOG_SIGMA,
}: DiscreteNoising): Path => {
  const list = marginals.map(({ alpha, sigma }, t): Level => ({ t, alpha, sigma }));
  const originAt = origin && roundedTimestepOfSigma(origin.schedule, between);
  const timestepOf = roundedTimestepOfSigma(schedule, between);
  return {
    time: 'timestep',
    last: list.length - 1,
    list,
    levelAt: (t) => {
      if (t === -1) return DATA;
      requireTime(t, list.length - 1);
      const before = Math.floor(t);
      if (t === before) return list[t]!;
      // if the next level has no signal, σ/α is ∞ in the whole interval before it
      const [low, high] = [between.of(schedule.sigmas[before]!), between.of(schedule.sigmas[before + 1]!)];
      return { ...channelOfSigma(between.back(low + (t - before) * (high - low))), t };
    },
    // exactly this σ; beyond the last timestep the network gets the last timestep
    levelOfSigma: (sigma) => {
      const t = timestepOf(sigma);
      const own = list[t]; // undefined between two timesteps
      return own && isSameSigma(sigmaOf(own), sigma) ? own : { ...channelOfSigma(sigma), t };
    },
    levels: deferred(() => levelsInList(list)),
    clock: {
      isWhole: true,
      count: countOf(timesteps, true),
      // between the levels of a respaced noising, the timestep of the original one with this noise
      at: (level) => {
        const sigma = sigmaOf(level);
        const isOwn = sigma === sigmaOf(list[Math.round(level.t)]!);
        return originAt && !isOwn ? entryBetween(origin.timesteps, originAt(sigma)) : entryBetween(timesteps, level.t);
      },
      of: deferred(() => clockOfTable(timesteps)),
    },
  };
};
