/**
 * Attention, y = softmax(scale·q·kᵀ)·v in each head, block of queries by block. The scores of a block stay in the cache and are
 * never stored for all queries (Rabe & Staats 2021, "Self-attention does not need O(n²) memory"). A row of e·v is divided by
 * Σ e at the end, so values of more than 3.4e38 / keys overflow.
 */
import { command, type Place, shift, type Stage } from '../../stage/stage.js';
import type { MatrixStrides } from '../gemm.js';
import { areasAt, type ScratchLayout, scratchLayout } from '../scratch.js';
import {
  blockRows,
  blocksOf,
  copiedRows,
  matrixAt,
  multiplier,
  packed,
  packedElements,
  scoresStep,
  transposed,
} from './blocks.js';
import { bitsOf } from './functions.js';
import {
  type AttentionProblem,
  demandContiguous,
  type HeadScratch,
  overHeads,
  overShares,
  scratchElementsFor,
} from './problem.js';
import { WORD_BYTES } from '../../assembler/numbers.js';

export interface AttentionForward extends AttentionProblem {
  /** The column stride must be 1. */
  readonly y: MatrixStrides;
}

/** The places of the operands and of the scratch. */
export interface AttentionPlaces {
  readonly q: Place;
  readonly k: Place;
  readonly v: Place;
  readonly y: Place;
  readonly scratch: Place;
}

/** The working memory of a block: queries, scores, and the reciprocal sum of each row. */
const layoutOf = ({ keys, depth }: AttentionProblem): ScratchLayout<'left' | 'scores' | 'inverses'> => {
  const rows = blockRows(keys);
  return scratchLayout({ left: rows * depth, scores: rows * scoresStep(keys), inverses: rows });
};

const scratchOf = (problem: AttentionProblem): HeadScratch => ({
  common: scratchLayout({
    kv: packedElements(problem.depth, problem.keys) + packedElements(problem.keys, problem.depth),
  }).elements,
  own: layoutOf(problem).elements,
});

/** Scratch that {@link attention} needs, in 32-bit elements. */
export const attentionScratchElements = (problem: AttentionProblem): number =>
  scratchElementsFor(problem, scratchOf(problem));

/** Computes attention. y must not overlap other operands or the scratch. */
export const attention = (problem: AttentionForward, at: AttentionPlaces): readonly Stage[] => {
  demandContiguous('attention: y', problem.y);
  const { queries, keys, depth, scale } = problem;
  const multiply = multiplier();
  const scoreStep = scoresStep(keys);
  return overHeads(problem, at.scratch, scratchOf(problem), (offset, places) => {
    const q = matrixAt(shift(at.q, offset(problem.q)), problem.q, queries, depth);
    const k = matrixAt(shift(at.k, offset(problem.k)), problem.k, keys, depth);
    const v = matrixAt(shift(at.v, offset(problem.v)), problem.v, keys, depth);
    const packing = packed(places.common, [transposed(k), v]);
    const [kT, values] = packing.matrices;
    const y = shift(at.y, offset(problem.y));
    const attending = overShares(blocksOf(queries, keys), places, (own) => {
      const { left, scores, inverses } = areasAt(layoutOf(problem), own);
      const e = { at: scores, step: scoreStep };
      return {
        first: [],
        of: (block) => {
          const { rows, first } = block;
          const result = { at: shift(y, WORD_BYTES * first * problem.y.row), step: problem.y.row };
          return [
            ...copiedRows(left, q, block),
            command('scaleElements', left, rows * depth, bitsOf(scale)),
            ...multiply(rows, { at: left, step: depth }, kT!, e, true),
            command('softmaxRows', scores, rows, keys, WORD_BYTES * scoreStep, inverses),
            ...multiply(rows, e, values!, result),
            command('scaleRows', result.at, rows, depth, WORD_BYTES * result.step, inverses),
          ];
        },
      };
    });
    return [packing.stage, attending];
  });
};
