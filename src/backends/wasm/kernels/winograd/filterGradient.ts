/**
 * Filter gradients of convolutions of 3×3 taps by Winograd's algorithm. Each share of the tiles has its own sums; a second
 * stage adds the sums of the shares and transforms them.
 */
import {
  type Command,
  command,
  COPY_WORK,
  type Item,
  MOST_SHARES,
  partsFor,
  type Place,
  ranges,
  shift,
  type Stage,
} from '../../stage/stage.js';
import { cleared, copied } from '../copy.js';
import type { FilterGradientPlaces, FilterGradientProblem } from '../problems.js';
import { type Panel, panelAt, panelColumns, panelsOf } from '../panels.js';
import { areasAt, type ScratchLayout, scratchLayout } from '../scratch.js';
import { blockCount, type Blocking, blockTiles, matrixStep, type TileBlock, tileBlocks, tileTable } from './tiles.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

type Area = 'shares' | 'taps';
type ShareArea = 'inputs' | 'gradients' | 'sums';

/** The maximum number of shares, because each has its own sums, which are large. */
const MOST_SUM_SHARES = 4;

/**
 * A block has 1 MiB of transformed inputs, more than a block of a convolution, because each block reads and writes all
 * sums. There are as many blocks as shares.
 */
const BLOCKING: Blocking = { elements: 2 ** 18, fewest: MOST_SUM_SHARES };

/** The maximum number of elements of the sums of all shares: 4 MiB. */
const SUMS_ELEMENTS = 2 ** 20;

/** Elements of one of the 16 matrices of sums. */
const sumsOf = ({ channels, outChannels }: FilterGradientProblem): number => channels * panelColumns(outChannels);

/** Elements from one matrix of each operand to the next. */
const sumStep = (problem: FilterGradientProblem): number => matrixStep(sumsOf(problem));
const inputStep = (problem: FilterGradientProblem): number =>
  matrixStep(blockTiles(problem, BLOCKING) * problem.channels);
const gradientStep = (problem: FilterGradientProblem): number =>
  matrixStep(blockTiles(problem, BLOCKING) * panelColumns(problem.outChannels));

const sharesOf = (problem: FilterGradientProblem): number => {
  const most = Math.max(2, Math.min(MOST_SUM_SHARES, Math.floor(SUMS_ELEMENTS / (16 * sumsOf(problem)))));
  return Math.min(most, blockCount(problem, BLOCKING));
};

const shareLayout = (problem: FilterGradientProblem): ScratchLayout<ShareArea> =>
  scratchLayout<ShareArea>({
    inputs: 16 * inputStep(problem),
    gradients: 16 * gradientStep(problem),
    sums: 16 * sumStep(problem),
  });

const layoutOf = (problem: FilterGradientProblem): ScratchLayout<Area> =>
  scratchLayout<Area>({
    shares: sharesOf(problem) * shareLayout(problem).elements,
    taps: 9 * sumStep(problem),
  });

/** Scratch that {@link winogradFilterGradient} needs, in 32-bit elements. */
export const winogradGradientScratchElements = (problem: FilterGradientProblem): number => layoutOf(problem).elements;

/** Adds the products of a block of tiles to a share's sums. */
const addBlock = (
  problem: FilterGradientProblem,
  { image, count, table }: TileBlock,
  at: Readonly<Record<'x' | 'dy' | ShareArea, Place>>,
  positions: Int32Array,
  zeros: Int32Array,
): Item => {
  const { channels, outChannels } = problem;
  const panels = panelsOf(outChannels);
  const size = blockTiles(problem, BLOCKING);
  const inputBytes = WORD_BYTES * inputStep(problem);
  const gradientBytes = WORD_BYTES * gradientStep(problem);
  const none = { table: zeros, offset: 0 };
  const x = shift(at.x, WORD_BYTES * image * problem.x.image);
  const dy = shift(at.dy, WORD_BYTES * image * problem.dy.image);
  const multiply = (panel: Panel): Command =>
    command(
      `outer${panel.width}`,
      { table: positions, offset: 0 },
      count,
      panelAt(at.gradients, size, panel),
      at.inputs,
      channels,
      16 * size,
      panelAt(at.sums, channels, panel),
      16,
      gradientBytes,
      inputBytes,
      WORD_BYTES * sumStep(problem),
    );
  return [
    // four channels of all tiles are contiguous
    command('winogradInput', table, count, x, channels / 4, none, at.inputs, inputBytes, 16, 16 * size),
    ...panels.map((panel) =>
      command(
        'winogradGradient',
        table,
        count,
        shift(dy, WORD_BYTES * panel.first),
        panel.width / 4,
        none,
        panelAt(at.gradients, size, panel),
        gradientBytes,
        WORD_BYTES * panel.width,
      ),
    ),
    ...panels.map(multiply),
  ];
};

/** Computes filter gradients for which `hasWinograd`, with contiguous channels of x and dy. */
export const winogradFilterGradient = (problem: FilterGradientProblem, at: FilterGradientPlaces): readonly Stage[] => {
  const { channels, outChannels, filter } = problem;
  const areas = areasAt(layoutOf(problem), at.scratch);
  const share = shareLayout(problem);
  const shareAt = (i: number): Record<ShareArea, Place> =>
    areasAt(share, shift(areas.shares, WORD_BYTES * i * share.elements));
  const positions = Int32Array.from(range(blockTiles(problem, BLOCKING)), (tile) => 16 * tile);
  const zeros = new Int32Array(Math.max(channels, outChannels));
  const blocks = tileBlocks(problem, tileTable(problem, problem.x, problem.dy), BLOCKING);
  const shares = sharesOf(problem);

  const summing = ranges(blocks.length, shares).map(({ first, count }, i): Item => {
    const places = { x: at.x, dy: at.dy, ...shareAt(i) };
    return [
      cleared(places.sums, 16 * sumStep(problem)),
      ...blocks.slice(first, first + count).flatMap((block) => addBlock(problem, block, places, positions, zeros)),
    ];
  });

  const panels = panelsOf(outChannels);
  /** From one matrix of sums to the next, and from one tap to the next. */
  const step = WORD_BYTES * sumStep(problem);
  const finish = (panel: Panel): Item => {
    const taps = panelAt(areas.taps, channels, panel);
    return [
      command(
        'winogradFilterGradient',
        panelAt(shareAt(0).sums, channels, panel),
        step,
        shares,
        WORD_BYTES * share.elements,
        taps,
        step,
        (channels * panel.width) / 4,
      ),
      ...range(9).flatMap((tap) => {
        const place = Math.floor(tap / 3) * filter.row + (tap % 3) * filter.column + panel.first * filter.output;
        return copied(
          { at: shift(at.filter, WORD_BYTES * place), row: filter.input, column: filter.output },
          { at: shift(taps, tap * step), row: panel.width, column: 1 },
          channels,
          panel.columns,
        );
      }),
    ];
  };
  const finishing = ranges(panels.length, partsFor(COPY_WORK * 25 * channels * outChannels, MOST_SHARES)).map(
    ({ first, count }): Item => panels.slice(first, first + count).flatMap(finish),
  );
  return [summing, finishing];
};
