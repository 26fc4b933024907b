/**
 * Filter gradients of convolutions of 3×3 taps by Winograd's algorithm. Lanes sum over their share of the tiles; a second
 * stage adds the lanes and transforms the sums.
 */
import {
  type Command,
  command,
  COPY_WORK,
  type Item,
  LANES,
  partsFor,
  type Place,
  ranges,
  shift,
  type Stage,
} from '../../engine/stage.js';
import { cleared, copied, FLOAT_BYTES } from '../copy.js';
import type { FilterGradientPlaces, FilterGradientProblem } from '../problems.js';
import { type Panel, panelAt, panelColumns, panelsOf } from '../panels.js';
import { areasAt, type ScratchLayout, scratchLayout } from '../scratch.js';
import { OUTER_TILE_ROWS, range } from '../tiles.js';
import { blockCount, blockTiles, type TileBlock, tileBlocks, tileTable } from './tiles.js';

type Area = 'lanes' | 'taps';
type LaneArea = 'inputs' | 'gradients' | 'sums';

/** The maximum number of lanes, because each has its own sums, which are large. */
const MOST_LANES = 4;

/** The maximum number of elements of the sums of all lanes: 4 MiB. */
const SUMS_ELEMENTS = 2 ** 20;

/** Elements of one of the 16 matrices of sums. */
const sumsOf = ({ channels, outChannels }: FilterGradientProblem): number => channels * panelColumns(outChannels);

const lanesOf = (problem: FilterGradientProblem): number => {
  const most = Math.max(2, Math.min(MOST_LANES, Math.floor(SUMS_ELEMENTS / (16 * sumsOf(problem)))));
  return Math.min(most, blockCount(problem));
};

const laneLayout = (problem: FilterGradientProblem): ScratchLayout<LaneArea> => {
  const tiles = 16 * blockTiles(problem);
  return scratchLayout<LaneArea>({
    inputs: tiles * problem.channels,
    gradients: tiles * panelColumns(problem.outChannels),
    sums: 16 * sumsOf(problem),
  });
};

const layoutOf = (problem: FilterGradientProblem): ScratchLayout<Area> =>
  scratchLayout<Area>({
    lanes: lanesOf(problem) * laneLayout(problem).elements,
    taps: 9 * sumsOf(problem),
  });

/** Scratch that {@link winogradFilterGradient} needs, in 32-bit elements. */
export const winogradGradientScratchElements = (problem: FilterGradientProblem): number => layoutOf(problem).elements;

/** Adds the products of a block of tiles to a lane's sums. */
const addBlock = (
  problem: FilterGradientProblem,
  { image, count, table }: TileBlock,
  at: Readonly<Record<'x' | 'dy' | LaneArea, Place>>,
  positions: Int32Array,
  zeros: Int32Array,
): Item => {
  const { channels, outChannels } = problem;
  const panels = panelsOf(outChannels);
  const size = blockTiles(problem);
  const inputBytes = FLOAT_BYTES * size * channels;
  const gradientBytes = FLOAT_BYTES * size * panelColumns(outChannels);
  const none = { table: zeros, offset: 0 };
  const x = shift(at.x, FLOAT_BYTES * image * problem.x.image);
  const dy = shift(at.dy, FLOAT_BYTES * image * problem.dy.image);
  const multiply = (panel: Panel): Command =>
    command(
      `outer${panel.width}`,
      { table: positions, offset: 0 },
      count,
      panelAt(at.gradients, size, panel),
      at.inputs,
      channels / OUTER_TILE_ROWS[panel.width],
      16 * size,
      panelAt(at.sums, channels, panel),
      16,
      gradientBytes,
      inputBytes,
      FLOAT_BYTES * sumsOf(problem),
    );
  return [
    // four channels of all tiles are contiguous
    command('winogradInput', table, count, x, channels / 4, none, at.inputs, inputBytes, 16, 16 * size),
    ...panels.map((panel) =>
      command(
        'winogradGradient',
        table,
        count,
        shift(dy, FLOAT_BYTES * panel.first),
        panel.width / 4,
        none,
        panelAt(at.gradients, size, panel),
        gradientBytes,
        FLOAT_BYTES * panel.width,
      ),
    ),
    ...panels.map(multiply),
  ];
};

/** Computes filter gradients for which `hasWinograd`, with contiguous channels of x and dy. */
export const winogradFilterGradient = (problem: FilterGradientProblem, at: FilterGradientPlaces): readonly Stage[] => {
  const { channels, outChannels, filter } = problem;
  const areas = areasAt(layoutOf(problem), at.scratch);
  const lane = laneLayout(problem);
  const laneAt = (i: number): Record<LaneArea, Place> =>
    areasAt(lane, shift(areas.lanes, FLOAT_BYTES * i * lane.elements));
  const positions = Int32Array.from(range(blockTiles(problem)), (tile) => 16 * tile);
  const zeros = new Int32Array(Math.max(channels, outChannels));
  const blocks = tileBlocks(problem, tileTable(problem, problem.x, problem.dy));
  const lanes = lanesOf(problem);

  const summing = ranges(blocks.length, lanes).map(({ first, count }, i): Item => {
    const places = { x: at.x, dy: at.dy, ...laneAt(i) };
    return [
      cleared(places.sums, 16 * sumsOf(problem)),
      ...blocks.slice(first, first + count).flatMap((block) => addBlock(problem, block, places, positions, zeros)),
    ];
  });

  const panels = panelsOf(outChannels);
  /** From one matrix of sums to the next, and from one tap to the next. */
  const step = FLOAT_BYTES * sumsOf(problem);
  const finish = (panel: Panel): Item => {
    const taps = panelAt(areas.taps, channels, panel);
    return [
      command(
        'winogradFilterGradient',
        panelAt(laneAt(0).sums, channels, panel),
        step,
        lanes,
        FLOAT_BYTES * lane.elements,
        taps,
        step,
        (channels * panel.width) / 4,
      ),
      ...range(9).flatMap((tap) => {
        const place = Math.floor(tap / 3) * filter.row + (tap % 3) * filter.column + panel.first * filter.output;
        return copied(
          { at: shift(at.filter, FLOAT_BYTES * place), row: filter.input, column: filter.output },
          { at: shift(taps, tap * step), row: panel.width, column: 1 },
          channels,
          panel.columns,
        );
      }),
    ];
  };
  const finishing = ranges(panels.length, partsFor(COPY_WORK * 25 * channels * outChannels, LANES)).map(
    ({ first, count }): Item => panels.slice(first, first + count).flatMap(finish),
  );
  return [summing, finishing];
};
