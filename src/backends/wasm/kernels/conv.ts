/**
 * Forward convolutions, y = x ∗ f (+ bias), as matrix products that read the image in place ("implicit GEMM").
 *
 * A row of the left operand is the window of one output pixel. The row kernel finds it by its address in a table, so
 * strides, dilation and any image width cost nothing extra; padding costs one copy of the image.
 */
import { FLOAT_BYTES } from './copy.js';
import type { KernelInstance } from './functions.js';
import { imagePhases } from './geometry.js';
import type { ConvGeometry, FilterStrides, ImagePhase, ImageStrides } from './geometry.js';
import { packPanels, panelColumns } from './panels.js';
import { forEachBlock, forEachRun, inputOffsets, outputOffsets, outputsOf, offsetOf } from './positions.js';
import { zeroCopies, prepareImages } from './prepareImages.js';
import { memoize } from './memoize.js';
import { ROW_MULTIPLE, rowScratchElements, rowTableElements, runRows, setBias, writeRowTable } from './rows.js';
import type { RowScratch, Segments } from './rows.js';
import { scratchAddresses, scratchLayout } from './scratch.js';
import type { ScratchLayout } from './scratch.js';
import { canReadInPlace, copyElements, segmentsOf, sourceOf, readExtents } from './source.js';
import type { Source } from './source.js';
import { range } from './tiles.js';

/** Extents and strides of a convolution; strides in elements. */
export interface ConvProblem extends ConvGeometry {
  readonly x: ImageStrides;
  readonly filter: FilterStrides;
  /** The channel stride must be 1. */
  readonly y: ImageStrides;
  /** Adds to the values that y holds. */
  readonly accumulate?: boolean;
}

/** Byte addresses of element [0, 0, 0, 0] of each operand; `bias` has shape `[outChannels]`. */
export interface ConvAddresses {
  readonly x: number;
  readonly filter: number;
  readonly y: number;
  readonly bias?: number;
  readonly scratch: number;
}

/** Outputs in a block. Their part of the image stays in the L2 cache while the kernel goes through the panels. */
const BLOCK_OUTPUTS = 42 * ROW_MULTIPLE;

type Area = keyof RowScratch | 'tables' | 'filter' | 'images';

/** A phase, its number of outputs in a group of images, and the segments and number of terms that each output sums. */
interface PlannedPhase {
  readonly phase: ImagePhase;
  readonly outputs: number;
  readonly segments: Segments;
  readonly depth: number;
}

/** The part of a convolution that depends on the problem alone, not on addresses. */
interface ConvPlan {
  readonly phases: readonly PlannedPhase[];
  readonly source: Source;
  readonly layout: ScratchLayout<Area>;
}

const planOf = (problem: ConvProblem): ConvPlan => {
  const { window, channels, outChannels } = problem;
  const { rows, columns, all } = imagePhases(problem);
  const extents = readExtents({ rows, columns });
  const source = sourceOf(
    problem,
    problem.x,
    extents,
    canReadInPlace(problem, problem.x, extents) ? 'inPlace' : 'copy',
  );
  const phases = all.map((phase) => ({
    phase,
    outputs: source.group * outputsOf(phase),
    segments: segmentsOf(phase, source, channels),
    depth: phase.rows.taps.count * phase.columns.taps.count * channels,
  }));
  const layout = scratchLayout<Area>({
    ...rowScratchElements(outChannels),
    tables: phases.reduce((size, { outputs }) => size + rowTableElements(outputs), 0),
    filter: window[0] * window[1] * channels * panelColumns(outChannels),
    images: copyElements(source),
  });
  return { phases, source, layout };
};

/** Scratch that {@link conv} needs, in 32-bit elements. */
export const convScratchElements = (problem: ConvProblem): number => planOf(problem).layout.elements;

/** A phase that is ready to run: the byte addresses of its row table and of its packed taps. */
interface PreparedPhase extends PlannedPhase {
  readonly table: number;
  readonly panels: number;
}

/** Packs the taps of a phase into panels at `panels`. */
const packTaps = (
  instance: KernelInstance,
  problem: ConvProblem,
  { phase: { rows, columns }, depth }: PlannedPhase,
  panels: number,
  filterAddress: number,
): void => {
  const { filter, channels, outChannels } = problem;
  for (const i of range(rows.taps.count))
    for (const j of range(columns.taps.count)) {
      const tap =
        (rows.taps.from + i * rows.taps.step) * filter.row +
        (columns.taps.from + j * columns.taps.step) * filter.column;
      const from = { address: filterAddress + FLOAT_BYTES * tap, row: filter.input, column: filter.output };
      const row = (i * columns.taps.count + j) * channels;
      packPanels(instance, panels, depth, row, from, channels, outChannels);
    }
};

/** Writes the row table of a phase: the offsets of its windows and results, for one group of images. */
const writeTable = (
  instance: KernelInstance,
  problem: ConvProblem,
  source: Source,
  { phase, outputs }: PlannedPhase,
  table: number,
): void => {
  const [inputs, results] = [inputOffsets(phase, source.strides), outputOffsets(phase, problem.y)];
  const [inputStep, resultStep] = [FLOAT_BYTES * inputs.column, FLOAT_BYTES * results.column];
  writeRowTable(instance, table, outputs, (add) =>
    forEachRun(phase, 0, outputs, (run) =>
      add(FLOAT_BYTES * offsetOf(inputs, run), inputStep, FLOAT_BYTES * offsetOf(results, run), resultStep, run.count),
    ),
  );
};

/** Packs the filter and writes the tables of all phases, one after another. */
const preparePhases = (
  instance: KernelInstance,
  problem: ConvProblem,
  { phases, source }: ConvPlan,
  areas: Readonly<Record<Area, number>>,
  filterAddress: number,
): readonly PreparedPhase[] => {
  let [panels, table] = [areas.filter, areas.tables];
  return phases.map((planned) => {
    packTaps(instance, problem, planned, panels, filterAddress);
    writeTable(instance, problem, source, planned, table);
    const ready = { ...planned, table, panels };
    panels += FLOAT_BYTES * planned.depth * panelColumns(problem.outChannels);
    table += FLOAT_BYTES * rowTableElements(planned.outputs);
    return ready;
  });
};

const run = (instance: KernelInstance, problem: ConvProblem, plan: ConvPlan, at: ConvAddresses): void => {
  if (problem.y.channel !== 1 && problem.outChannels > 1)
    throw new RangeError(`conv: the channel stride of y must be 1, got ${problem.y.channel}`);
  const { source } = plan;
  const areas = scratchAddresses(plan.layout, at.scratch);
  const phases = preparePhases(instance, problem, plan, areas, at.filter);
  const [columns, accumulate] = [problem.outChannels, problem.accumulate === true];
  setBias(instance, areas, columns, at.bias);
  zeroCopies(instance, source, areas.images);
  for (let image = 0; image < problem.batch; image += source.group) {
    const x = { address: at.x, strides: problem.x };
    const left = prepareImages(instance, problem, source, x, areas.images, image);
    const result = at.y + FLOAT_BYTES * image * problem.y.image;
    for (const phase of phases)
      forEachBlock(phase.outputs, BLOCK_OUTPUTS, (first, count) =>
        runRows(instance, areas, { ...phase, first, count, left, result, from: 0, columns, accumulate }),
      );
  }
};

/** Computes convolutions. y must not overlap other operands or the scratch. */
export const conv = (instance: KernelInstance): ((problem: ConvProblem, at: ConvAddresses) => void) => {
  const planned = memoize(planOf);
  return (problem, at) => run(instance, problem, planned(problem), at);
};
