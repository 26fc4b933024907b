/**
 * Convolutions of 3×3 taps by Winograd's algorithm. Blocks of tiles are transformed, multiplied by the transformed filter as
 * 16 matrix products, and transformed back.
 *
 * A block reads its images as they are stored. Group norm and SiLU run before as a region, because neighbouring blocks share
 * rows: computing both here would repeat a quarter of the work, and takes 1.50 ns for each element instead of 1.48 (one thread of
 * an AMD EPYC). Adding the residual to a block that is still in the cache would save 0.28 ns for each element, 1 % of a
 * U-Net's forward pass, and would tie this kernel to regions.
 */
import {
  COPY_WORK,
  command,
  type Item,
  MOST_SHARES,
  partsFor,
  type Place,
  ranges,
  shift,
  type Stage,
} from '../../stage/stage.js';
import type { ConvPlaces, ConvProblem } from '../problems.js';
import { packPanel, type Panel, panelColumns, panelsOf } from '../panels.js';
import { rowCommands, type RowTable, rowTable } from '../rowCommands.js';
import { areasAt, type ScratchLayout, scratchLayout } from '../scratch.js';
import { blockCount, type Blocking, blockTiles, matrixStep, type TileBlock, tileBlocks, tileTable } from './tiles.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

/** The transformed inputs of a block are 256 KiB, so that they stay in the L2 cache. */
const BLOCKING: Blocking = { elements: 2 ** 16, fewest: 8 };

/** Panels whose products are transformed together, so that they stay in the cache. */
const GROUP_PANELS = 4;

/** The taps are needed only before the shares run, so both use the same memory. */
type Area = 'filter' | 'tapsOrShares';

const sharesOf = (problem: ConvProblem): number => Math.min(MOST_SHARES, blockCount(problem, BLOCKING));

/** Elements from one matrix of each operand to the next. */
const filterStep = ({ channels, outChannels }: ConvProblem): number => matrixStep(channels * panelColumns(outChannels));
const inputStep = (problem: ConvProblem): number => matrixStep(blockTiles(problem, BLOCKING) * problem.channels);
const productStep = (problem: ConvProblem): number => matrixStep(blockTiles(problem, BLOCKING) * 16 * GROUP_PANELS);

/** The working memory of a share: transformed inputs and products of a block. */
const shareLayout = (problem: ConvProblem): ScratchLayout<'inputs' | 'products'> =>
  scratchLayout({ inputs: 16 * inputStep(problem), products: 16 * productStep(problem) });

const layoutOf = (problem: ConvProblem): ScratchLayout<Area> => {
  const shares = sharesOf(problem) * shareLayout(problem).elements;
  const step = filterStep(problem);
  return scratchLayout<Area>({ filter: 16 * step, tapsOrShares: Math.max(9 * step, shares) });
};

/** Scratch that {@link winogradConv} needs, in 32-bit elements. */
export const winogradScratchElements = (problem: ConvProblem): number => layoutOf(problem).elements;

/** Packs the taps of some panels and transforms them. */
const transformFilter = (
  problem: ConvProblem,
  panels: readonly Panel[],
  areas: Readonly<Record<Area, Place>>,
  from: Place,
): Item => {
  const { filter, channels } = problem;
  const step = WORD_BYTES * filterStep(problem);
  const first = WORD_BYTES * channels * panels[0]!.first;
  const columns = panels.reduce((sum, { width }) => sum + width, 0);
  const packing = range(9).flatMap((tap) => {
    const at = shift(from, WORD_BYTES * (Math.floor(tap / 3) * filter.row + (tap % 3) * filter.column));
    const source = { at, row: filter.input, column: filter.output };
    const packed = shift(areas.tapsOrShares, tap * step);
    return panels.flatMap((panel) => packPanel(packed, channels, 0, source, channels, panel));
  });
  return [
    ...packing,
    command(
      'winogradFilter',
      shift(areas.tapsOrShares, first),
      step,
      shift(areas.filter, first),
      step,
      (channels * columns) / 4,
    ),
  ];
};

/** Convolves a block of tiles. */
const convolveBlock = (
  problem: ConvProblem,
  { image, count, table }: TileBlock,
  rows: RowTable,
  at: Readonly<Record<'x' | 'y' | 'filter' | 'inputs' | 'products', Place>>,
  zeros: Int32Array,
): Item => {
  const { channels, outChannels } = problem;
  const panels = panelsOf(outChannels);
  const inputBytes = WORD_BYTES * inputStep(problem);
  const productBytes = WORD_BYTES * productStep(problem);
  const multiply = (group: readonly Panel[]): Item => {
    const first = group[0]!.first;
    const columns = group.reduce((sum, panel) => sum + panel.columns, 0);
    const products = rowCommands({
      table: rows,
      first: 0,
      count,
      left: at.inputs,
      // the column of a panel is its position from the beginning of the group
      result: shift(at.products, -WORD_BYTES * first),
      length: channels,
      packed: at.filter,
      depth: channels,
      from: 0,
      runs: group.map((panel) => ({ panel, times: 1 })),
      accumulate: false,
      zeros: 0,
      repeated: { times: 16, left: inputBytes, result: productBytes, packed: WORD_BYTES * filterStep(problem) },
    });
    const rowStep = WORD_BYTES * 16 * GROUP_PANELS;
    const to = shift(at.y, WORD_BYTES * (image * problem.y.image + first));
    return [...products, command('winogradOutput', table, count, at.products, columns / 4, productBytes, rowStep, to)];
  };
  return [
    command(
      'winogradInput',
      table,
      count,
      shift(at.x, WORD_BYTES * image * problem.x.image),
      channels / 4,
      { table: zeros, offset: 0 },
      at.inputs,
      inputBytes,
      WORD_BYTES * channels,
      16,
    ),
    ...range(Math.ceil(panels.length / GROUP_PANELS)).flatMap((i) =>
      multiply(panels.slice(GROUP_PANELS * i, GROUP_PANELS * (i + 1))),
    ),
  ];
};

/** Computes convolutions for which `hasWinograd`, with contiguous channels. */
export const winogradConv = (problem: ConvProblem, at: ConvPlaces): readonly Stage[] => {
  const { channels, outChannels } = problem;
  const areas = areasAt(layoutOf(problem), at.scratch);
  const panels = panelsOf(outChannels);
  const transforming = ranges(panels.length, partsFor(COPY_WORK * 9 * channels * outChannels, MOST_SHARES)).map(
    ({ first, count }): Item => transformFilter(problem, panels.slice(first, first + count), areas, at.filter),
  );
  const rows = rowTable(blockTiles(problem, BLOCKING), 1, (words) => {
    for (let tile = 0; tile < blockTiles(problem, BLOCKING); tile++) {
      words[2 * tile] = WORD_BYTES * tile * 16 * GROUP_PANELS;
      words[2 * tile + 1] = WORD_BYTES * tile * channels;
    }
  });
  const zeros = new Int32Array(channels);
  const blocks = tileBlocks(problem, tileTable(problem, problem.x, problem.y), BLOCKING);
  const share = shareLayout(problem);
  const convolving = ranges(blocks.length, sharesOf(problem)).map(({ first, count }, i): Item => {
    const own = areasAt(share, shift(areas.tapsOrShares, WORD_BYTES * i * share.elements));
    const places = { x: at.x, y: at.y, filter: areas.filter, ...own };
    return blocks.slice(first, first + count).flatMap((block) => convolveBlock(problem, block, rows, places, zeros));
  });
  return [transforming, convolving];
};
