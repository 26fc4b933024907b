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
import { clearCopies, readImages } from './readImages.js';
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

/** What is known from the problem alone. */
interface ConvPlan {
  readonly phases: readonly ImagePhase[];
  readonly source: Source;
  readonly layout: ScratchLayout<Area>;
}

const planOf = (problem: ConvProblem): ConvPlan => {
  const { rows, columns, all } = imagePhases(problem);
  const touched = touchedExtents({ rows, columns });
  const layout = canStay(problem, problem.x, touched) ? 'inPlace' : 'copy';
  const source = sourceOf(problem, problem.x, touched, layout);
  const [windowHeight, windowWidth] = problem.window;
  return {
    phases: all,
    source,
    layout: scratchLayout<Area>({
      ...rowScratchElements(problem.outChannels),
      tables: all.reduce((size, phase) => size + rowTableElements(source.group * outputsOf(phase)), 0),
      filter: windowHeight * windowWidth * problem.channels * panelColumns(problem.outChannels),
      images: copyElements(source),
    }),
  };
};

/** The scratch that {@link conv} needs, in 32-bit numbers. */
export const convScratchElements = (problem: ConvProblem): number => planOf(problem).layout.elements;

/** A phase that is ready to run: its taps are packed, and the places of its outputs are in a table. */
interface ReadyPhase {
  readonly outputs: number;
  readonly table: number;
  readonly panels: number;
  readonly depth: number;
  readonly segments: Segments;
}

const depthOf = ({ rows, columns }: ImagePhase, channels: number) =>
  rows.taps.count * columns.taps.count * channels;

/** Packs the taps of a phase into panels at `panels`. */
const packTaps = (
  machine: Machine,
  problem: ConvProblem,
  { rows, columns }: ImagePhase,
  panels: number,
  filterAddress: number,
): void => {
  const { filter, channels, outChannels } = problem;
  const depth = depthOf({ rows, columns }, channels);
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
  phase: ImagePhase,
  table: number,
) => {
  const [inputs, results] = [inputPlaces(phase, source.strides), outputPlaces(phase, problem.y)];
  const outputs = source.group * outputsOf(phase);
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
  return phases.map((phase) => {
    const depth = depthOf(phase, problem.channels);
    const outputs = source.group * outputsOf(phase);
    packTaps(machine, problem, phase, panels, filterAddress);
    writeTable(machine, problem, source, phase, table);
    const ready = { outputs, table, panels, depth, segments: segmentsOf(phase, source, problem.channels) };
    panels += FLOAT_BYTES * depth * panelColumns(problem.outChannels);
    table += FLOAT_BYTES * rowTableElements(outputs);
    return ready;
  });
};

/** Computes a convolution. y overlaps nothing else. */
export const conv =
  (machine: Machine) =>
  (problem: ConvProblem, at: ConvAddresses): void => {
    const plan = planOf(problem);
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
