/**
 * Forward convolutions, y = x ∗ f (+ bias): matrix products whose left operand is the image itself.
 *
 * A row of the left operand is an output pixel's window. Its address goes into the row kernel's table, so
 * strides, dilation and any width of the image cost nothing; padding costs one copy of the image.
 */
import { FLOAT_BYTES } from './copy.js';
import type { Machine } from './functions.js';
import { imagePhases } from './geometry.js';
import type { ConvGeometry, FilterStrides, ImagePhase, ImageStrides } from './geometry.js';
import { packPanels, panelColumns } from './panels.js';
import { forEachBlock, forEachRun, inputPlaces, outputPlaces, outputsOf, placeOf } from './positions.js';
import { clearCopies, readImages } from './readImages.js';
import { remember } from './remember.js';
import {
  ROW_MULTIPLE,
  rowScratchElements,
  rowTableElements,
  runRows,
  setBias,
  writeRowTable,
} from './rows.js';
import type { RowScratch, Segments } from './rows.js';
import { scratchAddresses, scratchLayout } from './scratch.js';
import type { ScratchLayout } from './scratch.js';
import { canStay, copyElements, segmentsOf, sourceOf, touchedExtents } from './source.js';
import type { Source } from './source.js';
import { range } from './tiles.js';

/** Extents and strides of a convolution. */
export interface ConvProblem extends ConvGeometry {
  readonly x: ImageStrides;
  readonly filter: FilterStrides;
  /** Its channel stride is 1. */
  readonly y: ImageStrides;
  /** Add to what y holds. */
  readonly accumulate?: boolean;
}

/** Addresses in bytes, of element [0, 0, 0, 0] of each operand; `bias` is `[outChannels]`. */
export interface ConvAddresses {
  readonly x: number;
  readonly filter: number;
  readonly y: number;
  readonly bias?: number;
  readonly scratch: number;
}

/** Outputs in a block: their part of the image stays in the second-level cache while the panels pass by. */
const BLOCK_OUTPUTS = 42 * ROW_MULTIPLE;

type Area = keyof RowScratch | 'tables' | 'filter' | 'images';

/** A phase; how many outputs it has in a group of images, and the sum that each of them is. */
interface PlannedPhase {
  readonly phase: ImagePhase;
  readonly outputs: number;
  readonly segments: Segments;
  readonly depth: number;
}

/** What is known from the problem alone. */
interface ConvPlan {
  readonly phases: readonly PlannedPhase[];
  readonly source: Source;
  readonly layout: ScratchLayout<Area>;
}

const planOf = (problem: ConvProblem): ConvPlan => {
  const { window, channels, outChannels } = problem;
  const { rows, columns, all } = imagePhases(problem);
  const touched = touchedExtents({ rows, columns });
  const source = sourceOf(
    problem,
    problem.x,
    touched,
    canStay(problem, problem.x, touched) ? 'inPlace' : 'copy',
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

/** The scratch that {@link conv} needs, in 32-bit numbers. */
export const convScratchElements = (problem: ConvProblem): number => planOf(problem).layout.elements;

/** A phase that is ready to run: its taps are packed, and the places of its outputs are in a table. */
interface ReadyPhase extends PlannedPhase {
  readonly table: number;
  readonly panels: number;
}

/** Packs the taps of a phase into panels at `panels`. */
const packTaps = (
  machine: Machine,
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
      packPanels(machine, panels, depth, row, from, channels, outChannels);
    }
};

/** Writes where the windows and the results of a phase's outputs are, for one group of images. */
const writeTable = (
  machine: Machine,
  problem: ConvProblem,
  source: Source,
  { phase, outputs }: PlannedPhase,
  table: number,
): void => {
  const [inputs, results] = [inputPlaces(phase, source.strides), outputPlaces(phase, problem.y)];
  const [inputStep, resultStep] = [FLOAT_BYTES * inputs.column, FLOAT_BYTES * results.column];
  writeRowTable(machine, table, outputs, (add) =>
    forEachRun(phase, 0, outputs, (run) =>
      add(
        FLOAT_BYTES * placeOf(inputs, run),
        inputStep,
        FLOAT_BYTES * placeOf(results, run),
        resultStep,
        run.count,
      ),
    ),
  );
};

/** Packs the filter and writes the tables of all phases, one after another. */
const readyPhases = (
  machine: Machine,
  problem: ConvProblem,
  { phases, source }: ConvPlan,
  areas: Readonly<Record<Area, number>>,
  filterAddress: number,
): readonly ReadyPhase[] => {
  let [panels, table] = [areas.filter, areas.tables];
  return phases.map((planned) => {
    packTaps(machine, problem, planned, panels, filterAddress);
    writeTable(machine, problem, source, planned, table);
    const ready = { ...planned, table, panels };
    panels += FLOAT_BYTES * planned.depth * panelColumns(problem.outChannels);
    table += FLOAT_BYTES * rowTableElements(planned.outputs);
    return ready;
  });
};

const run = (machine: Machine, problem: ConvProblem, plan: ConvPlan, at: ConvAddresses): void => {
  if (problem.y.channel !== 1 && problem.outChannels > 1)
    throw new RangeError(`conv: the channel stride of y is ${problem.y.channel}, and must be 1`);
  const { source } = plan;
  const areas = scratchAddresses(plan.layout, at.scratch);
  const phases = readyPhases(machine, problem, plan, areas, at.filter);
  const [columns, accumulate] = [problem.outChannels, problem.accumulate === true];
  setBias(machine, areas, columns, at.bias);
  clearCopies(machine, source, areas.images);
  for (let image = 0; image < problem.batch; image += source.group) {
    const x = { address: at.x, strides: problem.x };
    const left = readImages(machine, problem, source, x, areas.images, image);
    const result = at.y + FLOAT_BYTES * image * problem.y.image;
    for (const phase of phases)
      forEachBlock(phase.outputs, BLOCK_OUTPUTS, (first, count) =>
        runRows(machine, areas, { ...phase, first, count, left, result, from: 0, columns, accumulate }),
      );
  }
};

/** Computes convolutions. y overlaps nothing else. */
export const conv = (machine: Machine): ((problem: ConvProblem, at: ConvAddresses) => void) => {
  const planned = remember(planOf);
  return (problem, at) => run(machine, problem, planned(problem), at);
};
