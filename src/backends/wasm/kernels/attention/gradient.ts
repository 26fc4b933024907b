/**
 * The gradients of attention, block of queries by block. With P = softmax(scale·q·kᵀ) and y = P·v, whose gradient is dy:
 *
 *   dv = Pᵀ·dy,  dP = dy·vᵀ,  dS = P∘(dP − Σ P∘dP),  dq = dS·(scale·k),  dk = dSᵀ·(scale·q)
 *
 * The rows of P are recomputed from whole rows of scores, so nothing of the forward pass is kept (compare Dao et al.
 * 2022, "FlashAttention", appendix B). dk and dv are sums over the blocks; each thread that works on a head has its own
 * sums.
 */
import { command, type Item, MOST_SHARES, partsFor, type Place, ranges, shift, type Stage } from '../../stage/stage.js';
import { cleared } from '../copy.js';
import type { MatrixStrides } from '../gemm.js';
import { packPanel, type Panel, panelsOf } from '../panels.js';
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

export interface AttentionGradient extends AttentionProblem {
  readonly dy: MatrixStrides;
  /** The rows of dq, then those of dk, then those of dv. The column stride must be 1. */
  readonly gradients: MatrixStrides;
}

/** The places of the operands and of the scratch. */
export interface AttentionGradientPlaces {
  readonly q: Place;
  readonly k: Place;
  readonly v: Place;
  readonly dy: Place;
  readonly gradients: Place;
  readonly scratch: Place;
}

/** The number of rows of sums, a multiple of the tiles of every outer-product kernel. */
const sumRows = (keys: number): number => Math.ceil(keys / 4) * 4;

type OwnArea = 'q' | 'dy' | 'panels' | 'p' | 'dp' | 'inverses' | 'dk' | 'dv';

/** The working memory of a share: a block of queries and of gradients, P and dP, and sums. */
const ownLayout = ({ keys, depth }: AttentionProblem): ScratchLayout<OwnArea> => {
  const rows = blockRows(keys);
  const scores = rows * scoresStep(keys);
  const sums = packedElements(sumRows(keys), depth);
  return scratchLayout({
    q: rows * depth,
    dy: rows * depth,
    panels: packedElements(rows, depth),
    p: scores,
    dp: scores,
    inverses: rows,
    dk: sums,
    dv: sums,
  });
};

const scratchOf = (problem: AttentionProblem): HeadScratch => {
  const { keys, depth } = problem;
  const elements = 2 * packedElements(depth, keys) + packedElements(keys, depth);
  return { common: scratchLayout({ elements }).elements, own: ownLayout(problem).elements };
};

/** Scratch that {@link attentionGradient} needs, in 32-bit elements. */
export const attentionGradientScratchElements = (problem: AttentionProblem): number =>
  scratchElementsFor(problem, scratchOf(problem));

/** The place of a panel in sums. */
const sumsOf = (sums: Place, keys: number, panel: Panel): Place =>
  shift(sums, WORD_BYTES * sumRows(keys) * panel.first);

/**
 * sums += leftᵀ·right, for `rows` rows of scores on the left, and the same number of rows of `depth` contiguous
 * elements on the right.
 */
const addProduct = (
  { keys, depth }: AttentionProblem,
  rows: number,
  left: { readonly at: Place; readonly table: Int32Array },
  right: Place,
  panels: Place,
  sums: Place,
): Item =>
  panelsOf(depth).flatMap((panel) => [
    ...packPanel(panels, rows, 0, { at: right, row: depth, column: 1 }, rows, panel),
    command(
      `outer${panel.width}`,
      { table: left.table, offset: 0 },
      rows,
      shift(panels, WORD_BYTES * rows * panel.first),
      left.at,
      sumRows(keys),
      16,
      sumsOf(sums, keys, panel),
      1,
      0,
      0,
      0,
    ),
  ]);

/** Computes the gradients of attention. They must not overlap operands or the scratch. */
export const attentionGradient = (problem: AttentionGradient, at: AttentionGradientPlaces): readonly Stage[] => {
  demandContiguous('attentionGradient: the gradients', problem.gradients);
  const { queries, keys, depth, scale } = problem;
  const multiply = multiplier();
  const layout = ownLayout(problem);
  const scoreStep = scoresStep(keys);
  const table = Int32Array.from({ length: blockRows(keys) }, (_, row) => WORD_BYTES * scoreStep * row);
  const blocks = blocksOf(queries, keys);
  const scoresAt = (place: Place) => ({ at: place, step: scoreStep, table });
  const gradientStep = problem.gradients.row;
  return overHeads(problem, at.scratch, scratchOf(problem), (offset, places) => {
    const matrix = (name: 'q' | 'k' | 'v' | 'dy', rows: number) =>
      matrixAt(shift(at[name], offset(problem[name])), problem[name], rows, depth);
    const [q, k, v, dy] = [matrix('q', queries), matrix('k', keys), matrix('v', keys), matrix('dy', queries)];
    const gradients = shift(at.gradients, offset(problem.gradients));
    const rowsFrom = (first: number) => ({
      at: shift(gradients, WORD_BYTES * gradientStep * first),
      step: gradientStep,
    });

    const packing = packed(places.common, [transposed(k), transposed(v), k]);
    const [kT, vT, keyRows] = packing.matrices;
    const summing = overShares(blocks, places, (own) => {
      const areas = areasAt(layout, own);
      const sums = packedElements(sumRows(keys), depth);
      return {
        first: [cleared(areas.dk, sums), cleared(areas.dv, sums)],
        of: (block) => {
          const { rows, first } = block;
          const [p, ds] = [scoresAt(areas.p), scoresAt(areas.dp)];
          const ofRows = [rows, keys, WORD_BYTES * scoreStep, areas.inverses];
          return [
            ...copiedRows(areas.q, q, block),
            command('scaleElements', areas.q, rows * depth, bitsOf(scale)),
            ...copiedRows(areas.dy, dy, block),
            ...multiply(rows, { at: areas.q, step: depth }, kT!, p, true),
            command('softmaxRows', p.at, ...ofRows),
            ...multiply(rows, { at: areas.dy, step: depth }, vT!, ds, true),
            command('softmaxGradientRows', p.at, ds.at, ...ofRows),
            ...multiply(rows, ds, keyRows!, rowsFrom(first)),
            ...addProduct(problem, rows, ds, areas.q, areas.panels, areas.dk),
            ...addProduct(problem, rows, p, areas.dy, areas.panels, areas.dv),
          ];
        },
      };
    });

    const parts = summing.length;
    const [own, next] = [places.own(0), places.own(parts > 1 ? 1 : 0)];
    const sumAreas = areasAt(layout, own);
    const adding = ranges(keys, partsFor(parts * keys * depth, MOST_SHARES)).map((some): Item =>
      ([sumAreas.dk, sumAreas.dv] as const).flatMap((sums, i) =>
        panelsOf(depth).map((panel) =>
          command(
            'addParts',
            shift(rowsFrom(queries + i * keys + some.first).at, WORD_BYTES * panel.first),
            WORD_BYTES * gradientStep,
            shift(sumsOf(sums, keys, panel), WORD_BYTES * some.first * panel.width),
            WORD_BYTES * panel.width,
            some.count,
            panel.columns,
            parts,
            next.offset - own.offset,
          ),
        ),
      ),
    );
    const scaling = [command('scaleElements', keyRows!.at, packedElements(keys, depth), bitsOf(scale))];
    return [packing.stage, [scaling], summing, adding];
  });
};
