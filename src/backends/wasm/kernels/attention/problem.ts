/** Attention in heads on strided operands, and the distribution of its heads over threads. */
import { type Item, LANES, partsFor, type Place, ranges, serial, shift, type Stage } from '../../engine/stage.js';
import { FLOAT_BYTES } from '../copy.js';
import { type MatrixStrides, offsetInBatch } from '../gemm.js';
import { range } from '../tiles.js';

/** Raises a RangeError unless the columns of a result are contiguous. */
export const demandContiguous = (what: string, { column }: MatrixStrides): void => {
  if (column !== 1) throw new RangeError(`${what} must have a column stride of 1, got ${column}`);
};

/** Extents, of at least 1, and strides of attention. The matrices of a head are q `[queries, depth]`, and k and v `[keys, depth]`. */
export interface AttentionProblem {
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  /** The factor of the scores. */
  readonly scale: number;
  /** Extents of the batch and of the heads, outermost first. */
  readonly batch: readonly number[];
  readonly q: MatrixStrides;
  readonly k: MatrixStrides;
  readonly v: MatrixStrides;
}

const headsOf = ({ batch }: AttentionProblem): number => batch.reduce((product, extent) => product * extent, 1);

/** The multiply-adds of one product of all queries of a head with all keys. */
const workOfHead = ({ queries, keys, depth }: AttentionProblem): number => queries * keys * depth;

/** The multiply-adds of one product for all heads. */
export const productWork = (problem: AttentionProblem): number => headsOf(problem) * workOfHead(problem);

/** Scratch that a head needs, in elements: a part that its threads share, and a part for each thread. */
export interface HeadScratch {
  readonly common: number;
  readonly own: number;
}

/**
 * The lanes over which the heads are distributed; null if there are few heads, so that the blocks of each head are
 * distributed.
 */
const lanesOf = (problem: AttentionProblem): number | null => {
  const heads = headsOf(problem);
  return heads < LANES && partsFor(workOfHead(problem), LANES) === LANES ? null : Math.min(LANES, heads);
};

export const scratchElementsFor = (problem: AttentionProblem, { common, own }: HeadScratch): number => {
  const lanes = lanesOf(problem);
  return lanes === null ? common + LANES * own : lanes * (common + own);
};

/** The scratch of a head: the common part, and the part of each lane. */
export interface HeadPlaces {
  readonly common: Place;
  readonly own: (lane: number) => Place;
  /** The number of lanes that may work on the head. */
  readonly lanes: number;
}

/** The stages for all heads, given those of a head by its offset in operands, in bytes. */
export const overHeads = (
  problem: AttentionProblem,
  scratch: Place,
  { common, own }: HeadScratch,
  stagesOf: (offset: (strides: MatrixStrides) => number, places: HeadPlaces) => readonly Stage[],
): readonly Stage[] => {
  const heads = headsOf(problem);
  const lanes = lanesOf(problem);
  const offsetOf =
    (head: number) =>
    (strides: MatrixStrides): number =>
      offsetInBatch(problem.batch, strides, head);
  if (lanes === null) {
    const parts = shift(scratch, FLOAT_BYTES * common);
    const places = { common: scratch, own: (lane: number) => shift(parts, FLOAT_BYTES * lane * own), lanes: LANES };
    return range(heads).flatMap((head) => stagesOf(offsetOf(head), places));
  }
  const lane = ({ first, count }: { readonly first: number; readonly count: number }, i: number): Item => {
    const at = shift(scratch, FLOAT_BYTES * i * (common + own));
    const places = { common: at, own: () => shift(at, FLOAT_BYTES * common), lanes: 1 };
    return range(count).flatMap((j) => serial(stagesOf(offsetOf(first + j), places)));
  };
  return [ranges(heads, lanes).map(lane)];
};

/** The work of a lane: its initialization, and its work for each block. */
export interface LaneWork<B> {
  readonly first: Item;
  readonly of: (block: B) => Item;
}

/** Divides blocks among lanes: an item for each lane, whose work depends on the place of its scratch. */
export const overLanes = <B>(
  blocks: readonly B[],
  { own, lanes }: HeadPlaces,
  workOf: (own: Place) => LaneWork<B>,
): Stage =>
  ranges(blocks.length, lanes).map(({ first, count }, lane) => {
    const work = workOf(own(lane));
    return [...work.first, ...blocks.slice(first, first + count).flatMap(work.of)];
  });
