/**
 * Gradients of convolutions by their filter, dF[i, j, c, o] = Σ x[window of (n, h, w) at (i, j), c] · dy[n, h, w, o]:
 * matrix products whose sum runs over the output pixels.
 *
 * The output pixels are taken in blocks. Those of dy are packed into panels; the offsets of the windows in x go
 * into the outer-product kernel's table. x is copied with four channels of all pixels side by side: where they
 * are, pixels are often a power of two apart, and evict each other from the first-level cache. The sums stay in
 * scratch until the end.
 */
import { FLOAT_BYTES, copyMatrix, fillZero } from './copy.js';
import type { Matrix } from './copy.js';
import type { Machine } from './functions.js';
import { imagePhases } from './geometry.js';
import type { ConvGeometry, FilterStrides, ImagePhase, ImageStrides } from './geometry.js';
import { packPanels, panelAddress, panelColumns, panelsOf } from './panels.js';
import type { Progression } from './phases.js';
import { forEachBlock, forEachRun, inputPlaces, outputPlaces, outputsOf, placeOf } from './positions.js';
import { clearCopies, readImages } from './readImages.js';
import { remember } from './remember.js';
import type { Segments } from './rows.js';
import { scratchAddresses, scratchLayout } from './scratch.js';
import type { ScratchLayout } from './scratch.js';
import { BLOCK_CHANNELS, canStay, copyElements, segmentsOf, sourceOf, touchedExtents } from './source.js';
import type { Extents, Source, SourceLayout } from './source.js';
import { OUTER_TILE_ROWS, range } from './tiles.js';

/** Extents and strides of a filter gradient; the geometry is that of the convolution. */
export interface FilterGradientProblem extends ConvGeometry {
  readonly x: ImageStrides;
  readonly dy: ImageStrides;
  readonly filter: FilterStrides;
}

/** Addresses in bytes, of element [0, 0, 0, 0] of each operand. */
export interface FilterGradientAddresses {
  readonly x: number;
  readonly dy: number;
  readonly filter: number;
  readonly scratch: number;
}

/** Outputs in a block: a panel of dy and the lines of x that meet it then stay in the first-level cache. */
const BLOCK_OUTPUTS = 256;

/** With fewer channels, a row of taps in one segment leaves less of the last tile unused than blocks do. */
const LEAST_BLOCKED = 8;

/** A tile reads whole blocks of channels, and in place nothing is sure to follow the last one. */
const layoutFor = (problem: FilterGradientProblem, touched: Extents): SourceLayout => {
  const { channels, x } = problem;
  if (channels % BLOCK_CHANNELS === 0 && canStay(problem, x, touched)) return 'inPlace';
  return channels < LEAST_BLOCKED ? 'copy' : 'blocks';
};

/** The sums of a segment are in whole blocks of rows, which all tiles divide. */
const wholeTiles = (rows: number) => Math.ceil(rows / BLOCK_CHANNELS) * BLOCK_CHANNELS;

/** A phase, with the segments of its windows and its number of rows of sums. */
interface PlannedPhase {
  readonly phase: ImagePhase;
  readonly segments: Segments;
  readonly depth: number;
}

type Area = 'table' | 'dy' | 'sums' | 'images';

interface FilterGradientPlan {
  readonly phases: readonly PlannedPhase[];
  readonly source: Source;
  readonly layout: ScratchLayout<Area>;
}

const planOf = (problem: FilterGradientProblem): FilterGradientPlan => {
  const { rows, columns, all } = imagePhases(problem);
  const touched = touchedExtents({ rows, columns });
  const layout = layoutFor(problem, touched);
  const source = sourceOf(problem, problem.x, touched, layout);
  const phases = all.map((phase) => {
    const segments = segmentsOf(phase, source, problem.channels);
    return { phase, segments, depth: segments.high * segments.wide * wholeTiles(segments.length) };
  });
  const outColumns = panelColumns(problem.outChannels);
  const depth = phases.reduce((total, phase) => total + phase.depth, 0);
  const scratch = scratchLayout<Area>({
    table: BLOCK_OUTPUTS,
    dy: BLOCK_OUTPUTS * outColumns,
    sums: depth * outColumns,
    images: copyElements(source),
  });
  return { phases, source, layout: scratch };
};

/** The scratch that {@link filterGradient} needs, in 32-bit numbers. */
export const filterGradientScratchElements = (problem: FilterGradientProblem): number =>
  planOf(problem).layout.elements;

/** A block of outputs of a phase, in a group of images that begins at `image`. */
interface Block {
  readonly phase: ImagePhase;
  readonly image: number;
  readonly first: number;
  readonly count: number;
}

/** Writes the offsets of the block's windows from place (0, 0) of the group's first image. */
const writeTable = (
  { memory }: Machine,
  { strides }: Source,
  { phase, first, count }: Block,
  table: number,
) => {
  const places = inputPlaces(phase, strides);
  const entries = new Int32Array(memory.buffer, table, count);
  const step = (FLOAT_BYTES * places.column) | 0;
  let next = 0;
  forEachRun(phase, first, first + count, (run) => {
    const end = next + run.count;
    let offset = (FLOAT_BYTES * placeOf(places, run)) | 0;
    for (; next < end; next += 1) {
      entries[next] = offset;
      offset = (offset + step) | 0;
    }
  });
};

/** Packs the block's outputs of dy. */
const packOutputs = (
  machine: Machine,
  problem: FilterGradientProblem,
  dyAddress: number,
  { phase, image, first, count }: Block,
  packed: number,
): void => {
  const { dy, outChannels } = problem;
  const places = outputPlaces(phase, dy);
  const pack = (row: number, place: number, rows: number) => {
    const address = dyAddress + FLOAT_BYTES * (image * dy.image + place);
    const from: Matrix = { address, row: places.column, column: dy.channel };
    packPanels(machine, packed, count, row, from, rows, outChannels);
  };
  const [width, height] = [phase.columns.outputs.count, phase.rows.outputs.count];
  const isEven = places.row === width * places.column && places.image === height * places.row;
  if (isEven) return pack(0, places.origin + first * places.column, count);
  let row = 0;
  forEachRun(phase, first, first + count, (run) => {
    pack(row, placeOf(places, run), run.count);
    row += run.count;
  });
};

/** Adds a block's products to the sums of a phase. */
const addBlock = (
  { functions }: Machine,
  areas: Readonly<Record<Area, number>>,
  { segments, depth }: PlannedPhase,
  source: Source,
  { images, sums, outChannels, count }: Readonly<Record<'images' | 'sums' | 'outChannels' | 'count', number>>,
): void => {
  const { high, highStride, wide, wideStride, length } = segments;
  const rows = wholeTiles(length);
  const used = source.layout === 'blocks' ? rows : length;
  for (const panel of panelsOf(outChannels)) {
    const tileRows = OUTER_TILE_ROWS[panel.width];
    const tiles = Math.ceil(used / tileRows);
    functions[`outer${panel.width}`](
      areas.table,
      count,
      panelAddress(areas.dy, count, panel),
      images,
      high,
      FLOAT_BYTES * highStride,
      wide,
      FLOAT_BYTES * wideStride,
      tiles,
      FLOAT_BYTES * source.blockStride,
      panelAddress(sums, depth, panel),
      FLOAT_BYTES * panel.width * (rows - tiles * tileRows),
    );
  }
};

const tapPlace = (taps: Progression, index: number, stride: number) =>
  (taps.from + index * taps.step) * stride;

/** Writes the sums of a phase to its taps of the filter. */
const writeTaps = (
  machine: Machine,
  { channels, outChannels, filter }: FilterGradientProblem,
  { phase: { rows, columns }, segments, depth }: PlannedPhase,
  sums: number,
  filterAddress: number,
): void => {
  const tapsInSegment = segments.wide === 1 ? columns.taps.count : 1;
  const rowsOfSums = wholeTiles(segments.length);
  for (const panel of panelsOf(outChannels))
    for (const i of range(rows.taps.count))
      for (const j of range(columns.taps.count)) {
        const segment = i * segments.wide + Math.floor(j / tapsInSegment);
        const row = segment * rowsOfSums + (j % tapsInSegment) * channels;
        const place =
          tapPlace(rows.taps, i, filter.row) +
          tapPlace(columns.taps, j, filter.column) +
          panel.first * filter.output;
        const from = panelAddress(sums, depth, panel) + FLOAT_BYTES * row * panel.width;
        copyMatrix(
          machine,
          { address: filterAddress + FLOAT_BYTES * place, row: filter.input, column: filter.output },
          { address: from, row: panel.width, column: 1 },
          channels,
          panel.columns,
        );
      }
};

/** Sets the whole gradient to 0, from a zero at `zero`. */
const clearTaps = (
  machine: Machine,
  problem: FilterGradientProblem,
  zero: number,
  filterAddress: number,
): void => {
  const { filter, window, channels, outChannels } = problem;
  for (const i of range(window[0]))
    for (const j of range(window[1])) {
      const address = filterAddress + FLOAT_BYTES * (i * filter.row + j * filter.column);
      const to = { address, row: filter.input, column: filter.output };
      copyMatrix(machine, to, { address: zero, row: 0, column: 0 }, channels, outChannels);
    }
};

const run = (
  machine: Machine,
  problem: FilterGradientProblem,
  { phases, source, layout }: FilterGradientPlan,
  at: FilterGradientAddresses,
): void => {
  const { batch, outChannels } = problem;
  const areas = scratchAddresses(layout, at.scratch);
  fillZero(machine, areas.sums, layout.offsets.images - layout.offsets.sums);
  clearCopies(machine, source, areas.images);

  /** Calls `run` for each phase with the address of its sums. */
  const forEachPhase = (run: (planned: PlannedPhase, sums: number) => void): void => {
    let sums = areas.sums;
    for (const planned of phases) {
      run(planned, sums);
      sums += FLOAT_BYTES * planned.depth * panelColumns(outChannels);
    }
  };

  for (let image = 0; image < batch; image += source.group) {
    const x = { address: at.x, strides: problem.x };
    const images = readImages(machine, problem, source, x, areas.images, image);
    forEachPhase((planned, sums) => {
      if (planned.depth === 0) return;
      forEachBlock(source.group * outputsOf(planned.phase), BLOCK_OUTPUTS, (first, count) => {
        const block = { phase: planned.phase, image, first, count };
        writeTable(machine, source, block, areas.table);
        packOutputs(machine, problem, at.dy, block, areas.dy);
        addBlock(machine, areas, planned, source, { images, sums, outChannels, count });
      });
    });
  }
  const taps = phases.reduce((sum, { phase }) => sum + phase.rows.taps.count * phase.columns.taps.count, 0);
  if (taps < problem.window[0] * problem.window[1]) {
    fillZero(machine, areas.table, 1);
    clearTaps(machine, problem, areas.table, at.filter);
  }
  forEachPhase((planned, sums) => writeTaps(machine, problem, planned, sums, at.filter));
};

/** Computes gradients of convolutions by their filter. A gradient overlaps nothing else. */
export const filterGradient = (
  machine: Machine,
): ((problem: FilterGradientProblem, at: FilterGradientAddresses) => void) => {
  const planned = remember(planOf);
  return (problem, at) => run(machine, problem, planned(problem), at);
};
