/**
 * Forward convolutions, y = x ∗ f, as matrix products that read the image in place ("implicit GEMM").
 *
 * A row of the left operand is the window of one output pixel. The row kernel finds its taps in a table, so strides,
 * dilation and padding cost nothing extra.
 */
import {
  COPY_WORK,
  type Item,
  MOST_SHARES,
  partsFor,
  type Place,
  ranges,
  shift,
  type Stage,
  type TablePlace,
} from '../../stage/stage.js';
import { copied } from '../copy.js';
import { type ImagePhase, imagePhases, type ImageStrides } from '../geometry.js';
import { packPanel, panelColumns, type Panel, panelsOf } from '../panels.js';
import type { Phase } from '../phases.js';
import { forEachRun, groupOf, outputOffsets, offsetOf } from './positions.js';
import { PADDING } from '../rowKernel.js';
import { panelRuns, rowCommands, type RowTable, rowTable } from '../rowCommands.js';
import { ROW_MULTIPLE } from '../tiles.js';
import { areasAt, type ScratchLayout, scratchLayout } from '../scratch.js';
import type { ConvPlaces, ConvProblem } from '../problems.js';
import { winogradConv, winogradScratchElements } from '../winograd/conv.js';
import { hasWinograd } from '../winograd/tiles.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

/** The maximum number of outputs in a block. Their part of the image stays in the L2 cache while the kernel goes through the panels. */
const BLOCK_OUTPUTS = 42 * ROW_MULTIPLE;

type Area = 'filter' | 'images';

/** The images as the kernel reads them: in place, or copied if the channels of a pixel are not contiguous. */
const isInPlace = ({ x, channels }: ConvProblem): boolean => x.channel === 1 || channels === 1;

const readStrides = (problem: ConvProblem): ImageStrides => {
  const { input, channels, x } = problem;
  if (isInPlace(problem)) return x;
  return { image: input[0] * input[1] * channels, row: input[1] * channels, pixel: channels, channel: 1 };
};

const layoutOf = (problem: ConvProblem): ScratchLayout<Area> => {
  const { window, batch, input, channels, outChannels } = problem;
  return scratchLayout<Area>({
    filter: window[0] * window[1] * channels * panelColumns(outChannels),
    images: isInPlace(problem) ? 0 : batch * input[0] * input[1] * channels,
  });
};

/** Tests if a convolution runs by Winograd's algorithm, which reads images in place. */
const isWinograd = (problem: ConvProblem): boolean => hasWinograd(problem) && problem.x.channel === 1;

/** Scratch that {@link conv} needs, in 32-bit elements. */
export const convScratchElements = (problem: ConvProblem): number =>
  isWinograd(problem) ? winogradScratchElements(problem) : layoutOf(problem).elements;

/** The number of taps of a phase, and of rows in its packed panels. */
const tapsOf = ({ rows, columns }: ImagePhase): number => rows.taps.count * columns.taps.count;

/** The input positions that output `i` of a phase reads, for each tap; null in the padding. */
const positionsOf = (phase: Phase, i: number, extent: number): readonly (number | null)[] =>
  range(phase.taps.count).map((tap) => {
    const position = phase.origin + phase.stride * i + phase.dilation * tap;
    return position >= 0 && position < extent ? position : null;
  });

/** The table of a phase for a group of images. */
const tableOf = (problem: ConvProblem, phase: ImagePhase, group: number): RowTable => {
  const { input, y } = problem;
  const x = readStrides(problem);
  const [rows, columns] = [phase.rows.outputs.count, phase.columns.outputs.count];
  const rowsRead = range(rows).map((i) => positionsOf(phase.rows, i, input[0]));
  const columnsRead = range(columns).map((i) => positionsOf(phase.columns, i, input[1]));
  const results = outputOffsets(phase, y);
  return rowTable(group * rows * columns, tapsOf(phase), (words) => {
    let at = 0;
    forEachRun(phase, 0, group * rows * columns, (run) => {
      for (let column = run.column; column < run.column + run.count; column++) {
        words[at++] = WORD_BYTES * offsetOf(results, { ...run, column });
        for (const row of rowsRead[run.row]!)
          for (const pixel of columnsRead[column]!)
            words[at++] =
              row === null || pixel === null
                ? PADDING
                : WORD_BYTES * (run.image * x.image + row * x.row + pixel * x.pixel);
      }
    });
  });
};

/** Packs some panels of the taps of a phase, at `packed`. */
const packTaps = (
  problem: ConvProblem,
  phase: ImagePhase,
  packed: Place,
  filter: Place,
  panels: readonly Panel[],
): Item => {
  const { rows, columns } = phase;
  const { channels } = problem;
  const strides = problem.filter;
  const depth = tapsOf(phase) * channels;
  return range(rows.taps.count).flatMap((i) =>
    range(columns.taps.count).flatMap((j) => {
      const tap =
        (rows.taps.from + i * rows.taps.step) * strides.row +
        (columns.taps.from + j * columns.taps.step) * strides.column;
      const from = { at: shift(filter, WORD_BYTES * tap), row: strides.input, column: strides.output };
      const row = (i * columns.taps.count + j) * channels;
      return panels.flatMap((panel) => packPanel(packed, depth, row, from, channels, panel));
    }),
  );
};

/** Computes convolutions. y must not overlap other operands or the scratch. */
export const conv = (problem: ConvProblem, at: ConvPlaces): readonly Stage[] => {
  const { outChannels, y } = problem;
  if (y.channel !== 1 && outChannels > 1)
    throw new RangeError(`conv: the channel stride of y must be 1, got ${y.channel}`);
  return isWinograd(problem) ? winogradConv(problem, at) : directConv(problem, at);
};

const directConv = (problem: ConvProblem, at: ConvPlaces): readonly Stage[] => {
  const { batch, input, channels, outChannels, x, y } = problem;
  const areas = areasAt(layoutOf(problem), at.scratch);
  const panels = panelsOf(outChannels);
  const group = groupOf(problem);
  const read = readStrides(problem);
  const images = isInPlace(problem) ? at.x : areas.images;
  const zeros: TablePlace = { table: new Int32Array(channels), offset: 0 };

  const copying = isInPlace(problem)
    ? []
    : range(batch).map((image): Item =>
        range(input[0]).flatMap((row) =>
          copied(
            { at: shift(images, WORD_BYTES * (image * read.image + row * read.row)), row: read.pixel, column: 1 },
            { at: shift(at.x, WORD_BYTES * (image * x.image + row * x.row)), row: x.pixel, column: x.channel },
            input[1],
            channels,
          ),
        ),
      );

  let packed = areas.filter;
  const phases = imagePhases(problem).all.map((phase) => {
    const depth = tapsOf(phase) * channels;
    const own = packed;
    packed = shift(packed, WORD_BYTES * depth * panelColumns(outChannels));
    return { phase, depth, packed: own };
  });
  const packing = phases.flatMap(({ phase, depth, packed }) =>
    ranges(panels.length, partsFor(COPY_WORK * depth * outChannels, MOST_SHARES)).map(({ first, count }): Item =>
      packTaps(problem, phase, packed, at.filter, panels.slice(first, first + count)),
    ),
  );

  const summing = phases.flatMap(({ phase, depth, packed }) => {
    const table = tableOf(problem, phase, group);
    const block = Math.min(BLOCK_OUTPUTS, table.rows);
    return range(batch / group).flatMap((g) =>
      range(Math.ceil(table.rows / block)).flatMap((b) => {
        const count = Math.min(block, table.rows - b * block);
        return ranges(panels.length, partsFor(count * depth * outChannels, panels.length)).map((some): Item =>
          rowCommands({
            table,
            first: b * block,
            count,
            left: shift(images, WORD_BYTES * g * group * read.image),
            result: shift(at.y, WORD_BYTES * g * group * y.image),
            length: channels,
            packed,
            depth,
            from: 0,
            runs: panelRuns(panels.slice(some.first, some.first + some.count)),
            accumulate: false,
            zeros,
          }),
        );
      }),
    );
  });
  return [[...copying, ...packing], summing];
};
