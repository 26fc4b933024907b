/**
 * Filter gradients of convolutions: dF[i, j, c, o] = Σ x[window of (n, h, w) at (i, j), c] · dy[n, h, w, o], summed
 * over the output pixels (n, h, w). They are matrix products whose sum runs over the output pixels.
 *
 * Output pixels are processed in blocks. Their values of dy are packed into panels; the offsets of their windows in x
 * go into the outer-product kernel's table. x is copied in blocks of four channels, with the pixels of a block
 * contiguous: in the original layout, pixels are often a power of two apart and evict each other from the L1 cache.
 * The sums stay in scratch until the end.
 */
import { FLOAT_BYTES, copyMatrix, fillZero } from './copy.js';
import type { Matrix } from './copy.js';
import type { KernelInstance } from './functions.js';
import { imagePhases } from './geometry.js';
import type { ConvGeometry, FilterStrides, ImagePhase, ImageStrides } from './geometry.js';
import { packPanels, panelAddress, panelColumns, panelsOf } from './panels.js';
import type { Progression } from './phases.js';
import { forEachBlock, forEachRun, inputOffsets, outputOffsets, outputsOf, offsetOf } from './positions.js';
import { zeroCopies, prepareImages } from './prepareImages.js';
import { memoize } from './memoize.js';
import type { Segments } from './rows.js';
import { scratchAddresses, scratchLayout } from './scratch.js';
import type { ScratchLayout } from './scratch.js';
import { BLOCK_CHANNELS, canReadInPlace, copyElements, segmentsOf, sourceOf, readExtents } from './source.js';
import type { Extents, Source, SourceLayout } from './source.js';
import { OUTER_TILE_ROWS, range } from './tiles.js';

/**
 * Extents and strides of a filter gradient. The geometry is that of the forward convolution; strides are in elements.
 */
export interface FilterGradientProblem extends ConvGeometry {
  readonly x: ImageStrides;
  readonly dy: ImageStrides;
  readonly filter: FilterStrides;
}

/** Byte addresses of element [0, 0, 0, 0] of each operand. */
export interface FilterGradientAddresses {
  readonly x: number;
  readonly dy: number;
  readonly filter: number;
  readonly scratch: number;
}

/**
 * Outputs in a block. With this many, a panel of dy and the cache lines of x that it multiplies stay in the L1 cache.
 */
const BLOCK_OUTPUTS = 256;

/** Minimum channels for the layout `blocks`. With fewer, a row of taps in one segment wastes less of the last tile. */
const MIN_BLOCKED_CHANNELS = 8;

/** Chooses the layout of x. A tile reads whole blocks of channels, so in place it could read past the end of x. */
const layoutFor = (problem: FilterGradientProblem, extents: Extents): SourceLayout => {
  const { channels, x } = problem;
  if (channels % BLOCK_CHANNELS === 0 && canReadInPlace(problem, x, extents)) return 'inPlace';
  return channels < MIN_BLOCKED_CHANNELS ? 'copy' : 'blocks';
};

/** Rounds rows of sums up to whole blocks, which are multiples of every tile. */
const roundUpToBlock = (rows: number) => Math.ceil(rows / BLOCK_CHANNELS) * BLOCK_CHANNELS;

/** A phase, with the segments of its windows and `depth`, its number of rows of sums. */
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
  const extents = readExtents({ rows, columns });
  const layout = layoutFor(problem, extents);
  const source = sourceOf(problem, problem.x, extents, layout);
  const phases = all.map((phase) => {
    const segments = segmentsOf(phase, source, problem.channels);
    return { phase, segments, depth: segments.high * segments.wide * roundUpToBlock(segments.length) };
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

/** Scratch that {@link filterGradient} needs, in 32-bit elements. */
export const filterGradientScratchElements = (problem: FilterGradientProblem): number =>
  planOf(problem).layout.elements;

/** Outputs `first` to `first + count` of a phase, in the group of images that begins with `image`. */
interface Block {
  readonly phase: ImagePhase;
  readonly image: number;
  readonly first: number;
  readonly count: number;
}

/** Writes the offsets of the block's windows from pixel (0, 0) of the group's first image. */
const writeTable = ({ memory }: KernelInstance, { strides }: Source, { phase, first, count }: Block, table: number) => {
  const offsets = inputOffsets(phase, strides);
  const entries = new Int32Array(memory.buffer, table, count);
  const step = (FLOAT_BYTES * offsets.column) | 0;
  let next = 0;
  forEachRun(phase, first, first + count, (run) => {
    const end = next + run.count;
    let offset = (FLOAT_BYTES * offsetOf(offsets, run)) | 0;
    for (; next < end; next += 1) {
      entries[next] = offset;
      offset = (offset + step) | 0;
    }
  });
};

/** Packs the values of dy at the block's outputs into panels. */
const packOutputs = (
  instance: KernelInstance,
  problem: FilterGradientProblem,
  dyAddress: number,
  { phase, image, first, count }: Block,
  packed: number,
): void => {
  const { dy, outChannels } = problem;
  const offsets = outputOffsets(phase, dy);
  const pack = (row: number, place: number, rows: number) => {
    const address = dyAddress + FLOAT_BYTES * (image * dy.image + place);
    const from: Matrix = { address, row: offsets.column, column: dy.channel };
    packPanels(instance, packed, count, row, from, rows, outChannels);
  };
  const [width, height] = [phase.columns.outputs.count, phase.rows.outputs.count];
  const isEven = offsets.row === width * offsets.column && offsets.image === height * offsets.row;
  if (isEven) return pack(0, offsets.origin + first * offsets.column, count);
  let row = 0;
  forEachRun(phase, first, first + count, (run) => {
    pack(row, offsetOf(offsets, run), run.count);
    row += run.count;
  });
};

/** Adds a block's products to the sums of a phase. */
const addBlock = (
  { functions }: KernelInstance,
  areas: Readonly<Record<Area, number>>,
  { segments, depth }: PlannedPhase,
  source: Source,
  { images, sums, outChannels, count }: Readonly<Record<'images' | 'sums' | 'outChannels' | 'count', number>>,
): void => {
  const { high, highStride, wide, wideStride, length } = segments;
  const rows = roundUpToBlock(length);
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

const tapPlace = (taps: Progression, index: number, stride: number) => (taps.from + index * taps.step) * stride;

/** Writes the sums of a phase to its taps of the filter. */
const writeTaps = (
  instance: KernelInstance,
  { channels, outChannels, filter }: FilterGradientProblem,
  { phase: { rows, columns }, segments, depth }: PlannedPhase,
  sums: number,
  filterAddress: number,
): void => {
  const tapsInSegment = segments.wide === 1 ? columns.taps.count : 1;
  const rowsOfSums = roundUpToBlock(segments.length);
  for (const panel of panelsOf(outChannels))
    for (const i of range(rows.taps.count))
      for (const j of range(columns.taps.count)) {
        const segment = i * segments.wide + Math.floor(j / tapsInSegment);
        const row = segment * rowsOfSums + (j % tapsInSegment) * channels;
        const place =
          tapPlace(rows.taps, i, filter.row) + tapPlace(columns.taps, j, filter.column) + panel.first * filter.output;
        const from = panelAddress(sums, depth, panel) + FLOAT_BYTES * row * panel.width;
        copyMatrix(
          instance,
          { address: filterAddress + FLOAT_BYTES * place, row: filter.input, column: filter.output },
          { address: from, row: panel.width, column: 1 },
          channels,
          panel.columns,
        );
      }
};

/** Sets the whole gradient to 0 by copying the zero at address `zero`. */
const clearTaps = (
  instance: KernelInstance,
  problem: FilterGradientProblem,
  zero: number,
  filterAddress: number,
): void => {
  const { filter, window, channels, outChannels } = problem;
  for (const i of range(window[0]))
    for (const j of range(window[1])) {
      const address = filterAddress + FLOAT_BYTES * (i * filter.row + j * filter.column);
      const to = { address, row: filter.input, column: filter.output };
      copyMatrix(instance, to, { address: zero, row: 0, column: 0 }, channels, outChannels);
    }
};

const run = (
  instance: KernelInstance,
  problem: FilterGradientProblem,
  { phases, source, layout }: FilterGradientPlan,
  at: FilterGradientAddresses,
): void => {
  const { batch, outChannels } = problem;
  const areas = scratchAddresses(layout, at.scratch);
  fillZero(instance, areas.sums, layout.offsets.images - layout.offsets.sums);
  zeroCopies(instance, source, areas.images);

  /** Calls `run` for each phase with the byte address of its sums. */
  const forEachPhase = (run: (planned: PlannedPhase, sums: number) => void): void => {
    let sums = areas.sums;
    for (const planned of phases) {
      run(planned, sums);
      sums += FLOAT_BYTES * planned.depth * panelColumns(outChannels);
    }
  };

  for (let image = 0; image < batch; image += source.group) {
    const x = { address: at.x, strides: problem.x };
    const images = prepareImages(instance, problem, source, x, areas.images, image);
    forEachPhase((planned, sums) => {
      if (planned.depth === 0) return;
      forEachBlock(source.group * outputsOf(planned.phase), BLOCK_OUTPUTS, (first, count) => {
        const block = { phase: planned.phase, image, first, count };
        writeTable(instance, source, block, areas.table);
        packOutputs(instance, problem, at.dy, block, areas.dy);
        addBlock(instance, areas, planned, source, { images, sums, outChannels, count });
      });
    });
  }
  const taps = phases.reduce((sum, { phase }) => sum + phase.rows.taps.count * phase.columns.taps.count, 0);
  if (taps < problem.window[0] * problem.window[1]) {
    fillZero(instance, areas.table, 1);
    clearTaps(instance, problem, areas.table, at.filter);
  }
  forEachPhase((planned, sums) => writeTaps(instance, problem, planned, sums, at.filter));
};

/** Computes filter gradients. The gradient must not overlap other operands or the scratch. */
export const filterGradient = (
  instance: KernelInstance,
): ((problem: FilterGradientProblem, at: FilterGradientAddresses) => void) => {
  const planned = memoize(planOf);
  return (problem, at) => run(instance, problem, planned(problem), at);
};
