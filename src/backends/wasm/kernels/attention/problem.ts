/** Attention in heads on strided operands, and the distribution of its heads over threads. */
import { type Item, MOST_SHARES, type Place, ranges, serial, sharesFor, shift, type Stage } from '../../stage/stage.js';
import { type MatrixStrides, offsetInBatch } from '../gemm.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

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

/** The shares over which the heads are distributed; null if the blocks of each head are distributed instead. */
const sharesOf = (problem: AttentionProblem): number | null => sharesFor(headsOf(problem), workOfHead(problem));

export const scratchElementsFor = (problem: AttentionProblem, { common, own }: HeadScratch): number => {
  const shares = sharesOf(problem);
  return shares === null ? common + MOST_SHARES * own : shares * (common + own);
};

/** The scratch of a head: the common part, and the part of each share. */
export interface HeadPlaces {
  readonly common: Place;
  readonly own: (share: number) => Place;
  /** The number of shares that may work on the head. */
  readonly shares: number;
}

/** The stages for all heads, given those of a head by its offset in operands, in bytes. */
export const overHeads = (
  problem: AttentionProblem,
  scratch: Place,
  { common, own }: HeadScratch,
  stagesOf: (offset: (strides: MatrixStrides) => number, places: HeadPlaces) => readonly Stage[],
): readonly Stage[] => {
  const heads = headsOf(problem);
  const shares = sharesOf(problem);
  const offsetOf =
    (head: number) =>
    (strides: MatrixStrides): number =>
      offsetInBatch(problem.batch, strides, head);
  if (shares === null) {
    const parts = shift(scratch, WORD_BYTES * common);
    const places = {
      common: scratch,
      own: (share: number) => shift(parts, WORD_BYTES * share * own),
      shares: MOST_SHARES,
    };
    return range(heads).flatMap((head) => stagesOf(offsetOf(head), places));
  }
  const share = ({ first, count }: { readonly first: number; readonly count: number }, i: number): Item => {
    const at = shift(scratch, WORD_BYTES * i * (common + own));
    const places = { common: at, own: () => shift(at, WORD_BYTES * common), shares: 1 };
    return range(count).flatMap((j) => serial(stagesOf(offsetOf(first + j), places)));
  };
  return [ranges(heads, shares).map(share)];
};

/** The work of a share: the commands that initialize it, and the commands for each block. */
export interface ShareWork<B> {
  readonly first: Item;
  readonly of: (block: B) => Item;
}

/**
 * Divides blocks among shares. Makes one item for each share; `workOf` makes the work of a share from the place of its
 * scratch.
 */
export const overShares = <B>(
  blocks: readonly B[],
  { own, shares }: HeadPlaces,
  workOf: (own: Place) => ShareWork<B>,
): Stage =>
  ranges(blocks.length, shares).map(({ first, count }, share) => {
    const work = workOf(own(share));
    return [...work.first, ...blocks.slice(first, first + count).flatMap(work.of)];
  });
