/**
 * Filter gradients of convolutions: dF[i, j, c, o] = Σ x[window of (n, h, w) at (i, j), c] · dy[n, h, w, o], summed
 * over the output pixels (n, h, w). They are matrix products whose sum runs over the output pixels.
 *
 * dy is packed into panels; the offsets of the windows in x are a table. x is copied in blocks of four channels, with the
 * pixels of a block contiguous: in the original layout, pixels are often a power of two apart and evict each other from the
 * L1 cache. Output pixels are processed in blocks. The sums stay in scratch until the end.
 */
import {
  type Command,
  command,
  type Item,
  partsFor,
  type Place,
  ranges,
  shift,
  type Stage,
} from '../../stage/stage.js';
import { cleared, copied, type Matrix } from '../copy.js';
import { type ImagePhase, imagePhases } from '../geometry.js';
import { packPanel, type Panel, panelAt, panelColumns, panelsOf } from '../panels.js';
import type { Progression } from '../phases.js';
import { forEachRun, inputOffsets, offsetOf, outputOffsets, outputsOf } from './positions.js';
import { copyImages, originOf } from './prepareImages.js';
import { areasAt, type ScratchLayout, scratchLayout } from '../scratch.js';
import {
  BLOCK_CHANNELS,
  canReadInPlace,
  copyElements,
  type Extents,
  readExtents,
  type Segments,
  segmentsOf,
  type Source,
  type SourceLayout,
  sourceOf,
} from './imageReads.js';
import type { FilterGradientPlaces, FilterGradientProblem } from '../problems.js';
import { winogradFilterGradient, winogradGradientScratchElements } from '../winograd/filterGradient.js';
import { hasWinograd } from '../winograd/tiles.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

/**
 * Outputs in a block. With this many, a panel of dy and the cache lines of x that it multiplies stay in the L1 cache.
 */
const BLOCK_OUTPUTS = 256;

/**
 * Minimum channels for the layout `blocks`. With fewer channels, a whole row of taps as one segment wastes less of the
 * last tile.
 */
const MIN_BLOCKED_CHANNELS = 8;

/** Chooses the layout of x. A tile reads whole blocks of channels, so in place it could read past the end of x. */
const layoutFor = (problem: FilterGradientProblem, extents: Extents): SourceLayout => {
  const { channels, x } = problem;
  if (channels % BLOCK_CHANNELS === 0 && canReadInPlace(problem, x, extents)) return 'inPlace';
  return channels < MIN_BLOCKED_CHANNELS ? 'copy' : 'blocks';
};

/** Rounds rows of sums up to whole blocks, which are multiples of every tile. */
const roundUpToBlock = (rows: number): number => Math.ceil(rows / BLOCK_CHANNELS) * BLOCK_CHANNELS;

/** A phase, with the segments of its windows and `depth`, its number of rows of sums. */
interface PlannedPhase {
  readonly phase: ImagePhase;
  readonly outputs: number;
  readonly segments: Segments;
  readonly depth: number;
}

type Area = 'dy' | 'sums' | 'images';

interface FilterGradientPlan {
  readonly phases: readonly PlannedPhase[];
  readonly source: Source;
  readonly layout: ScratchLayout<Area>;
}

const planOf = (problem: FilterGradientProblem): FilterGradientPlan => {
  const { rows, columns, all } = imagePhases(problem);
  const extents = readExtents({ rows, columns });
  const source = sourceOf(problem, problem.x, extents, layoutFor(problem, extents));
  const phases = all
    .map((phase): PlannedPhase => {
      const segments = segmentsOf(phase, source, problem.channels);
      const depth = segments.high * segments.wide * roundUpToBlock(segments.length);
      return { phase, outputs: problem.batch * outputsOf(phase), segments, depth };
    })
    .filter(({ depth, outputs }) => depth > 0 && outputs > 0);
  const outColumns = panelColumns(problem.outChannels);
  const total = (count: (planned: PlannedPhase) => number): number =>
    phases.reduce((sum, planned) => sum + count(planned), 0);
  const layout = scratchLayout<Area>({
    dy: total(({ outputs }) => outputs) * outColumns,
    sums: total(({ depth }) => depth) * outColumns,
    images: copyElements(problem, source),
  });
  return { phases, source, layout };
};

/** Tests if a gradient is computed by Winograd's algorithm, which reads both operands in place. */
const isWinograd = (problem: FilterGradientProblem): boolean =>
  hasWinograd(problem) && problem.x.channel === 1 && problem.dy.channel === 1;

/** Scratch that {@link filterGradient} needs, in 32-bit elements. */
export const filterGradientScratchElements = (problem: FilterGradientProblem): number =>
  isWinograd(problem) ? winogradGradientScratchElements(problem) : planOf(problem).layout.elements;

/** The offsets of the windows of a phase's outputs from pixel (0, 0) of the first image, in bytes. */
const windowsOf = ({ phase, outputs }: PlannedPhase, { strides }: Source): Int32Array => {
  const offsets = inputOffsets(phase, strides);
  const words = new Int32Array(outputs);
  let at = 0;
  forEachRun(phase, 0, outputs, (run) => {
    for (let i = 0; i < run.count; i++) words[at++] = WORD_BYTES * (offsetOf(offsets, run) + i * offsets.column);
  });
  return words;
};

/** Packs the values of dy at all outputs of a phase into a panel. */
const packOutputs = (
  { dy }: FilterGradientProblem,
  { phase, outputs }: PlannedPhase,
  from: Place,
  packed: Place,
  panel: Panel,
): Item => {
  const offsets = outputOffsets(phase, dy);
  const pack = (row: number, place: number, rows: number): Item => {
    const source: Matrix = { at: shift(from, WORD_BYTES * place), row: offsets.column, column: dy.channel };
    return packPanel(packed, outputs, row, source, rows, panel);
  };
  const [width, height] = [phase.columns.outputs.count, phase.rows.outputs.count];
  const isEven = offsets.row === width * offsets.column && offsets.image === height * offsets.row;
  if (isEven) return pack(0, offsets.origin, outputs);
  const items: Command[] = [];
  let row = 0;
  forEachRun(phase, 0, outputs, (run) => {
    items.push(...pack(row, offsetOf(offsets, run), run.count));
    row += run.count;
  });
  return items;
};

const tapPlace = (taps: Progression, index: number, stride: number): number => (taps.from + index * taps.step) * stride;

/** One segment of the windows, for one panel. */
interface Part {
  readonly panel: Panel;
  /** The segment's row and column among the segments. */
  readonly i: number;
  readonly j: number;
}

const partsOf = ({ segments }: PlannedPhase, outChannels: number): readonly Part[] =>
  panelsOf(outChannels).flatMap((panel) =>
    range(segments.high).flatMap((i) => range(segments.wide).map((j) => ({ panel, i, j }))),
  );

/** The sums of a part: its rows × the panel's width. */
const sumsAt = ({ segments, depth }: PlannedPhase, sums: Place, { panel, i, j }: Part): Place => {
  const row = (i * segments.wide + j) * roundUpToBlock(segments.length);
  return shift(panelAt(sums, depth, panel), WORD_BYTES * row * panel.width);
};

/** Writes the sums of a part to its taps of the filter. */
const writeTaps = (
  { channels, filter }: FilterGradientProblem,
  planned: PlannedPhase,
  sums: Place,
  to: Place,
  part: Part,
): Item => {
  const { rows, columns } = planned.phase;
  const { panel, i, j } = part;
  const tapsInSegment = planned.segments.wide === 1 ? columns.taps.count : 1;
  return range(tapsInSegment).flatMap((tap) => {
    const column = j * tapsInSegment + tap;
    const place =
      tapPlace(rows.taps, i, filter.row) + tapPlace(columns.taps, column, filter.column) + panel.first * filter.output;
    const from = shift(sumsAt(planned, sums, part), WORD_BYTES * tap * channels * panel.width);
    return copied(
      { at: shift(to, WORD_BYTES * place), row: filter.input, column: filter.output },
      { at: from, row: panel.width, column: 1 },
      channels,
      panel.columns,
    );
  });
};

const ZERO = { table: new Int32Array(1), offset: 0 };

/** Sets the whole gradient to 0, if it has taps that no output uses. */
const clearTaps = (problem: FilterGradientProblem, phases: readonly PlannedPhase[], to: Place): Item => {
  const { filter, window, channels, outChannels } = problem;
  const used = phases.reduce((sum, { phase }) => sum + phase.rows.taps.count * phase.columns.taps.count, 0);
  if (used === window[0] * window[1]) return [];
  return range(window[0]).flatMap((i) =>
    range(window[1]).flatMap((j) =>
      copied(
        {
          at: shift(to, WORD_BYTES * (i * filter.row + j * filter.column)),
          row: filter.input,
          column: filter.output,
        },
        { at: ZERO, row: 0, column: 0 },
        channels,
        outChannels,
      ),
    ),
  );
};

/** Computes filter gradients. The gradient must not overlap other operands or the scratch. */
export const filterGradient = (problem: FilterGradientProblem, at: FilterGradientPlaces): readonly Stage[] =>
  isWinograd(problem) ? winogradFilterGradient(problem, at) : directFilterGradient(problem, at);

const directFilterGradient = (problem: FilterGradientProblem, at: FilterGradientPlaces): readonly Stage[] => {
  const { outChannels } = problem;
  const { phases, source, layout } = planOf(problem);
  const areas = areasAt(layout, at.scratch);
  const x = { at: at.x, strides: problem.x };
  const origin = originOf(source, x, areas.images);

  let [sums, packed] = [areas.sums, areas.dy];
  const layouts = phases.map((planned) => {
    const own = { ...planned, sums, packed };
    sums = shift(sums, WORD_BYTES * planned.depth * panelColumns(outChannels));
    packed = shift(packed, WORD_BYTES * planned.outputs * panelColumns(outChannels));
    return own;
  });

  const packing = layouts.flatMap((planned) =>
    panelsOf(outChannels).map((panel): Item => packOutputs(problem, planned, at.dy, planned.packed, panel)),
  );
  const summing = layouts.flatMap((planned) => {
    const { segments, outputs, depth } = planned;
    const table = windowsOf(planned, source);
    const rows = roundUpToBlock(segments.length);
    const used = source.layout === 'blocks' ? rows : segments.length;
    const parts = partsOf(planned, outChannels);
    const addBlock = (part: Part, first: number): Command => {
      const { panel, i, j } = part;
      return command(
        `outer${panel.width}`,
        { table, offset: WORD_BYTES * first },
        Math.min(BLOCK_OUTPUTS, outputs - first),
        shift(panelAt(planned.packed, outputs, panel), WORD_BYTES * first * panel.width),
        shift(origin, WORD_BYTES * (i * segments.highStride + j * segments.wideStride)),
        used,
        WORD_BYTES * source.blockStride,
        sumsAt(planned, planned.sums, part),
        1,
        0,
        0,
        0,
      );
    };
    return ranges(parts.length, partsFor(outputs * depth * outChannels, parts.length)).map(({ first, count }): Item => {
      const own = parts.slice(first, first + count);
      return [
        ...own.map((part) => cleared(sumsAt(planned, planned.sums, part), rows * part.panel.width)),
        ...range(Math.ceil(outputs / BLOCK_OUTPUTS)).flatMap((block) =>
          own.map((part) => addBlock(part, block * BLOCK_OUTPUTS)),
        ),
        ...own.flatMap((part) => writeTaps(problem, planned, planned.sums, at.filter, part)),
      ];
    });
  });
  const clearing = clearTaps(problem, phases, at.filter);
  return [
    [...copyImages(problem, source, x, areas.images), ...packing, ...(clearing.length === 0 ? [] : [clearing])],
    summing,
  ];
};
