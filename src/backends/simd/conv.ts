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
import { rowScratchElements, runRows, setBias, writeRowTable } from './rows.js';
import type { RowScratch } from './rows.js';
import { scratchAddresses, scratchLayout } from './scratch.js';
import type { ScratchLayout } from './scratch.js';
import { clearCopies, copyElements, readImages, segmentsOf, sourceOf } from './source.js';
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
const BLOCK_OUTPUTS = 512;

type Area = keyof RowScratch | 'filter' | 'images';

/** What is known from the problem alone. */
interface ConvPlan {
  readonly phases: readonly ImagePhase[];
  readonly source: Source;
  readonly layout: ScratchLayout<Area>;
}

const planOf = (problem: ConvProblem): ConvPlan => {
  const { rows, columns, all } = imagePhases(problem);
  const source = sourceOf(problem, { rows, columns }, problem.x, true);
  const [windowHeight, windowWidth] = problem.window;
  return {
    phases: all,
    source,
    layout: scratchLayout<Area>({
      ...rowScratchElements(BLOCK_OUTPUTS, problem.outChannels),
      filter: windowHeight * windowWidth * problem.channels * panelColumns(problem.outChannels),
      images: copyElements(source),
    }),
  };
};

/** The scratch that {@link conv} needs, in 32-bit numbers. */
export const convScratchElements = (problem: ConvProblem): number => planOf(problem).layout.elements;

/** A phase with its taps packed. */
interface PackedPhase {
  readonly phase: ImagePhase;
  readonly depth: number;
  readonly panels: number;
}

const depthOf = ({ rows, columns }: ImagePhase, channels: number) =>
  rows.taps.count * columns.taps.count * channels;

/** Packs the taps of a phase into panels at `address`. */
const packTaps = (
  machine: Machine,
  problem: ConvProblem,
  packed: PackedPhase,
  filterAddress: number,
): void => {
  const { filter, channels, outChannels } = problem;
  const { rows, columns } = packed.phase;
  for (const i of range(rows.taps.count))
    for (const j of range(columns.taps.count)) {
      const tap =
        (rows.taps.from + i * rows.taps.step) * filter.row +
        (columns.taps.from + j * columns.taps.step) * filter.column;
      const from = { address: filterAddress + FLOAT_BYTES * tap, row: filter.input, column: filter.output };
      const row = (i * columns.taps.count + j) * channels;
      packPanels(machine, packed.panels, packed.depth, row, from, channels, outChannels);
    }
};

/** Gives each phase its place in the packed filter, and fills it. */
const packFilter = (
  machine: Machine,
  problem: ConvProblem,
  phases: readonly ImagePhase[],
  address: number,
  filterAddress: number,
): readonly PackedPhase[] => {
  let panels = address;
  return phases.map((phase) => {
    const packed = { phase, depth: depthOf(phase, problem.channels), panels };
    packTaps(machine, problem, packed, filterAddress);
    panels += FLOAT_BYTES * packed.depth * panelColumns(problem.outChannels);
    return packed;
  });
};

/** Computes a convolution. y overlaps nothing else. */
export const conv =
  (machine: Machine) =>
  (problem: ConvProblem, at: ConvAddresses): void => {
    const { phases, source, layout } = planOf(problem);
    const areas = scratchAddresses(layout, at.scratch);
    const packedPhases = packFilter(machine, problem, phases, areas.filter, at.filter);
    setBias(machine, areas, problem.outChannels, at.bias);
    clearCopies(machine, source, areas.images);

    const runBlock = (packed: PackedPhase, images: number, y: number, from: number, to: number): void => {
      const { phase, depth, panels } = packed;
      const [inputs, outputs] = [inputPlaces(phase, source.strides), outputPlaces(phase, problem.y)];
      writeRowTable(machine, areas, to - from, (add) =>
        forEachRun(phase, from, to, (run) => {
          const left = images + FLOAT_BYTES * placeOf(inputs, run);
          const result = y + FLOAT_BYTES * placeOf(outputs, run);
          for (let i = 0; i < run.count; i += 1)
            add(left + FLOAT_BYTES * inputs.column * i, result + FLOAT_BYTES * outputs.column * i);
        }),
      );
      runRows(machine, areas, {
        count: to - from,
        segments: segmentsOf(phase, source, problem.channels),
        panels,
        depth,
        from: 0,
        columns: problem.outChannels,
        accumulate: problem.accumulate === true,
      });
    };

    for (let first = 0; first < problem.batch; first += source.group) {
      const count = Math.min(source.group, problem.batch - first);
      const x = { address: at.x, strides: problem.x };
      const images = readImages(machine, problem, source, x, areas.images, first, count);
      const y = at.y + FLOAT_BYTES * first * problem.y.image;
      for (const packed of packedPhases)
        forEachBlock(count * outputsOf(packed.phase), BLOCK_OUTPUTS, (from, to) =>
          runBlock(packed, images, y, from, to),
        );
    }
  };
