import { add, type Dim, expandDims, gather, squeeze, table, type Tensor } from '../../dsl/index.js';
import type { Channel } from './channel.js';

/** The dtype that a table of the host has on the device. */
type EntryOf<A> = A extends Int32Array ? 'int32' : 'float32';

/**
 * A table with one more entry at each end, for an index that is out of range: NaN, or -1 for int32, which has no NaN. The index
 * must be larger by 1. All tables of a step share this addition, while a `where` would be one operation for each table.
 */
const padded = (numbers: ArrayLike<number>) =>
  numbers instanceof Int32Array
    ? table(Int32Array.from([-1, ...numbers, -1]))
    : table([NaN, ...Array.from(numbers), NaN]);

/**
 * Looks up entries of a table of N numbers, such as one for each timestep. An index outside of 0…N-1 gives NaN, while `gather`
 * alone clamps the index. For an `Int32Array` it gives -1, which no network accepts as a timestep.
 * @example
 * const alphaBarAt = entriesAt([0.9, 0.5, 0.1])
 * alphaBarAt(constantOf(Int32Array.of(2, 0), 2)) // → [0.1, 0.9]
 * alphaBarAt(constantOf(Int32Array.of(3, -1), 2)) // → [NaN, NaN]
 */
export const entriesAt = <A extends ArrayLike<number>>(numbers: A) => {
  const rows = padded(numbers) as Tensor<[Dim], EntryOf<A>>; // the compiler cannot resolve EntryOf for a generic A
  return <B extends Dim>(index: Tensor<[B], 'int32'>): Tensor<[B], EntryOf<A>> => gather(rows, add(index, 1));
};

/**
 * Looks up one entry of a table, such as the coefficient of a solver at the index of a step (`Moment.index`). See
 * {@link entriesAt} for a batch of indices.
 * @example
 * const sigmas = entryAt([0.5, 0.25, 0])
 * sigmas(scalar(1, 'int32')) // → 0.25
 */
export const entryAt = <A extends ArrayLike<number>>(numbers: A) => {
  const entries = entriesAt(numbers);
  return (index: Tensor<[], 'int32'>): Tensor<[], EntryOf<A>> => squeeze(entries(expandDims(index, 0)), 0);
};

/** Looks up α and σ of channels, by the index of each sample. */
export const channelsAt = (channels: readonly Channel[]) => {
  const [alphas, sigmas] = [
    entriesAt(channels.map(({ alpha }) => alpha)),
    entriesAt(channels.map(({ sigma }) => sigma)),
  ];
  return <B extends Dim>(index: Tensor<[B], 'int32'>) => ({ alpha: alphas(index), sigma: sigmas(index) });
};

/** Looks up α and σ of a channel. See {@link channelsAt} for a batch of indices. */
export const channelAt = (channels: readonly Channel[]) => {
  const [alphas, sigmas] = [entryAt(channels.map(({ alpha }) => alpha)), entryAt(channels.map(({ sigma }) => sigma))];
  return (index: Tensor<[], 'int32'>) => ({ alpha: alphas(index), sigma: sigmas(index) });
};

/** The entry of a table on the host at an index, which may be fractional: linear between two entries. */
export const entryBetween = (entries: ArrayLike<number>, t: number): number => {
  const [before, after] = [entries[Math.floor(t)]!, entries[Math.ceil(t)]!];
  return before + (t % 1) * (after - before);
};
