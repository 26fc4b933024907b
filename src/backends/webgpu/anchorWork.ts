/** What carries out an anchor: copies and sums as regions, and shaders of tfjs, on buffers of the plan and a scratch. */
import { sizeOf } from '../../dsl/node.js';
import type { Plan, View } from '../../dsl/plan.js';
import type { Region } from '../../dsl/region.js';
import { dense, type Layout } from '../shared/strided.js';
import type { Prepared } from '../tfjs/anchorSteps.js';
import type { RecordedBinding, RecordedDispatch, Recorder, Recording } from '../tfjs/recordedKernels.js';
import { declaring, isReadAlone } from './access.js';
import type { Binding, Dispatch } from './dispatch.js';
import type { RegionDispatches } from './shaders.js';

/** How anchors are carried out on a device. */
export interface Anchors {
  /** A binding begins at a multiple of so many elements. */
  readonly alignment: number;
  /** What tfjs would run. */
  readonly record: Recorder;
  /** A filter gradient makes so many elements of patches at once. */
  readonly mostPatches: number;
}

/** A place in a buffer of the plan, or in the scratch of the call. */
export interface Spot {
  readonly buffer: number | 'scratch';
  readonly offset: number;
}

/** Dense elements from a spot on. */
export interface Block {
  readonly spot: Spot;
  readonly elements: number;
}

/** A region on spots: its accesses are by position in `spots`, and count from there. */
interface RegionWork {
  readonly kind: 'region';
  readonly spots: readonly Spot[];
  readonly region: Region;
}

interface RunWork {
  readonly kind: 'run';
  readonly recording: Recording;
  readonly operands: Readonly<Record<string, Block>>;
  readonly between: readonly Block[];
  readonly result: Block;
}

export type Work = RegionWork | RunWork;

/** The work of an anchor, one after another, and the elements of scratch that it needs. */
export interface AnchorWork {
  readonly works: readonly Work[];
  readonly scratch: number;
}

/** Hands out places of a scratch, each where a binding may begin. */
export const createScratch = (alignment: number) => {
  let end = 0;
  return {
    block: (elements: number): Block => {
      const spot: Spot = { buffer: 'scratch', offset: end };
      end = Math.ceil((end + elements) / alignment) * alignment;
      return { spot, elements };
    },
    elements: () => end,
  };
};

const atSpot = ({ buffer, offset }: Spot, layout: Layout): readonly [Spot, readonly number[]] => [
  { buffer, offset: offset + layout.offset },
  layout.strides,
];

/** Loops over a shape; a scalar takes a turn. */
const loopsOf = (shape: readonly number[], strides: readonly number[]): readonly number[] =>
  shape.length === 0 ? [0] : strides;

/** Copies float32 elements of `shape` from a layout at one spot to one at another. */
export const copyWork = (
  shape: readonly number[],
  from: Spot,
  fromLayout: Layout,
  to: Spot,
  toLayout: Layout,
): Work => {
  const [source, strides] = atSpot(from, fromLayout);
  const [target, targetStrides] = atSpot(to, toLayout);
  return {
    kind: 'region',
    spots: [source, target],
    region: {
      extents: shape.length === 0 ? [1] : shape,
      reduced: 0,
      loads: [{ buffer: 0, offset: 0, strides: loopsOf(shape, strides) }],
      body: [{ op: 'load', load: 0, dtype: 'float32' }],
      stores: [{ buffer: 1, offset: 0, strides: loopsOf(shape, targetStrides), value: 0, reduce: null }],
    },
  };
};

/** Sets float32 elements of `shape` to 0. */
export const zeroWork = (shape: readonly number[], to: Spot, layout: Layout): Work => {
  const [target, strides] = atSpot(to, layout);
  return {
    kind: 'region',
    spots: [target],
    region: {
      extents: shape.length === 0 ? [1] : shape,
      reduced: 0,
      loads: [],
      body: [{ op: 'constant', value: 0, dtype: 'float32' }],
      stores: [{ buffer: 0, offset: 0, strides: loopsOf(shape, strides), value: 0, reduce: null }],
    },
  };
};

/** Adds up blocks, `apart` elements from each other: `to[i] = Σ from[p·apart + i]`. */
export const sumWork = (parts: number, elements: number, apart: number, from: Spot, to: Spot): Work => ({
  kind: 'region',
  spots: [from, to],
  region: {
    extents: [elements, parts],
    reduced: 1,
    loads: [{ buffer: 0, offset: 0, strides: [1, apart] }],
    body: [{ op: 'load', load: 0, dtype: 'float32' }],
    stores: [{ buffer: 1, offset: 0, strides: [1, 0], value: 0, reduce: 'sum' }],
  },
});

export const spotOf = ({ buffer, offset }: View): Spot => ({ buffer, offset });

/** An operand as dense elements, and what makes it so. */
export const ready = (
  prepared: Prepared,
  scratch: ReturnType<typeof createScratch>,
): { readonly block: Block; readonly works: readonly Work[] } => {
  if (prepared.kind === 'in place')
    return {
      block: { spot: spotOf(prepared.view), elements: sizeOf(prepared.view.shape) },
      works: [],
    };
  const { shape, from, to } = prepared;
  const block = scratch.block(sizeOf(shape));
  const fills = sizeOf(from.shape) === sizeOf(shape);
  return {
    block,
    works: [
      ...(fills ? [] : [zeroWork(shape, block.spot, dense(shape))]),
      copyWork(from.shape, spotOf(from), { offset: 0, strides: from.strides }, block.spot, to),
    ],
  };
};

/** The dispatches of a work. */
export const dispatchesOf = (
  work: Work,
  scratch: View | null,
  { buffers }: Plan,
  regions: RegionDispatches,
): readonly Dispatch[] => {
  const placed = ({ buffer, offset }: Spot): { readonly buffer: number; readonly offset: number } =>
    buffer === 'scratch' ? { buffer: scratch!.buffer, offset: scratch!.offset + offset } : { buffer, offset };

  if (work.kind === 'region') {
    const { spots, region } = work;
    const moved = <A extends { readonly buffer: number; readonly offset: number }>(access: A): A => {
      const { buffer, offset } = placed(spots[access.buffer]!);
      return { ...access, buffer, offset: offset + access.offset };
    };
    return regions({ ...region, loads: region.loads.map(moved), stores: region.stores.map(moved) });
  }

  const { recording, operands, between, result } = work;
  const part = ({ spot, elements }: Block, isWritten: boolean): Binding => {
    const { buffer, offset } = placed(spot);
    return {
      resource: { kind: 'part', buffer, offset, elements },
      writable: isWritten || !isReadAlone(buffers[buffer]!),
    };
  };
  const bindingOf = (binding: RecordedBinding): Binding => {
    switch (binding.kind) {
      case 'operand':
        return part(operands[binding.name]!, false);
      case 'between':
        return part(between[binding.index]!, true);
      case 'result':
        return part(result, true);
      case 'uniform':
        return { resource: binding, writable: false };
    }
  };
  return recording.dispatches.map(
    ({ code, entryPoint, bindings, workgroups }: RecordedDispatch): Dispatch => {
      const bound = bindings.map(bindingOf);
      const accessOf = (k: number) =>
        bound[k]!.resource.kind === 'part' ? (bound[k]!.writable ? 'read_write' : 'read') : null;
      return { code: declaring(code, accessOf), entryPoint, bindings: bound, workgroups };
    },
  );
};
