/**
 * Replaces operations that tfjs's WebGPU kernels compute wrongly: int32 and bool beyond 24 bits, and tensors of many
 * axes.
 */
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../internal/numbers.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import type { Engine, Operands, Tensor } from '../eager/engine.js';
import { isReduction, type WebgpuPrograms } from './webgpuPrograms.js';

/**
 * Kernels that only move elements, with the names of the operands that they move; operands given as a list are all
 * moved.
 */
const MOVED: Readonly<Record<string, readonly string[]>> = {
  Transpose: ['x'],
  Slice: ['x'],
  StridedSlice: ['x'],
  PadV2: ['x'],
  Reverse: ['x'],
  Tile: ['x'],
  GatherNd: ['params'],
  Select: ['t', 'e'],
  ScatterNd: ['updates'], // the kernel also adds elements, and the sums of the halves give the sum
  Concat: [],
};

const isList = (operands: Operands): operands is readonly Tensor[] => Array.isArray(operands);

/** Replaces the operands that a kernel moves. */
const replaced = (kernel: string, operands: Operands, change: (x: Tensor) => Tensor): Operands =>
  isList(operands)
    ? operands.map(change)
    : { ...operands, ...Object.fromEntries(MOVED[kernel]!.map((name) => [name, change(operands[name]!)])) };

const movedDtype = (kernel: string, operands: Operands): string =>
  (isList(operands) ? operands[0]! : operands[MOVED[kernel]![0]!]!).dtype;

/** The attributes of a kernel for one axis alone; null for an axis that the kernel does not change. */
type AxisAttributes = (axis: number) => NamedAttrMap | null;

/** The attributes of kernels for each axis alone. */
const ALONG_AXIS: Readonly<Record<string, (x: Tensor, attributes: NamedAttrMap) => AxisAttributes>> = {
  Tile:
    (_, { reps }) =>
    (axis) => {
      const times = (reps as number[])[axis]!;
      return times === 1 ? null : { reps: [1, times, 1] };
    },
  Reverse:
    (_, { dims }) =>
    (axis) =>
      (dims as number[]).includes(axis) ? { dims: [1] } : null,
  PadV2:
    (_, { paddings, constantValue }) =>
    (axis) => {
      const here = (paddings as [number, number][])[axis]!;
      return here.every((count) => count === 0)
        ? null
        : { paddings: [[0, 0], here, [0, 0]], constantValue: constantValue! };
    },
  StridedSlice: (x, attributes) => (axis) => {
    const [begin, end, stride] = ['begin', 'end', 'strides'].map((name) => (attributes[name] as number[])[axis]!);
    if (begin === 0 && end === x.shape[axis] && stride === 1) return null;
    // the other two axes are whole
    const masks = { beginMask: 0b101, endMask: 0b101 };
    return { ...attributes, ...masks, begin: [0, begin!, 0], end: [0, end!, 0], strides: [1, stride!, 1] };
  },
};

/** tfjs's WebGPU engine, with our own kernels for int32 and bool. `tensorOf` makes a tensor of a result. */
export const corrected = (engine: Engine, programs: WebgpuPrograms, tensorOf: (info: TensorInfo) => Tensor): Engine => {
  const cast = (x: Tensor, dtype: NumberType): Tensor =>
    tensorOf(programs.elementwise({ op: 'cast', dtype, a: 0 }, [x]));
  const reshape = (x: Tensor, shape: readonly number[]): Tensor => engine.run('Reshape', { x }, { shape: [...shape] });

  /** Moves int32 as two halves, which float32 holds exactly. */
  const moved = (kernel: string, operands: Operands, attributes: NamedAttrMap): Tensor => {
    const dtype = movedDtype(kernel, operands);
    if (dtype === 'float32') return onFloats(kernel, operands, attributes);
    // sums of halves can take more bits than float32 has
    const isSum = kernel === 'ScatterNd';
    const halves = (change: (x: Tensor) => TensorInfo): Operands =>
      replaced(kernel, operands, (x) => (isSum ? cast(tensorOf(change(x)), 'int32') : tensorOf(change(x))));
    if (dtype === 'bool') {
      const floats = replaced(kernel, operands, (x) => cast(x, 'float32'));
      return cast(onFloats(kernel, floats, attributes), 'bool');
    }
    const value = 'constantValue' in attributes ? (attributes['constantValue'] as number) : null;
    const padding = (part: number): NamedAttrMap => (value === null ? attributes : { ...attributes, constantValue: part }); // oxfmt-ignore
    const high = onFloats(kernel, halves(programs.high), padding((value ?? 0) >> 16));
    const low = onFloats(kernel, halves(programs.low), padding((value ?? 0) & 0xffff));
    return tensorOf(programs.joined(high, low));
  };

  /** Applies a kernel to one axis after the other, as the middle one of three. */
  const axisByAxis = (kernel: string, x: Tensor, attributesOf: AxisAttributes): Tensor =>
    x.shape.reduce((result, _, axis) => {
      const attributes = attributesOf(axis);
      if (attributes === null) return result;
      const { shape } = result;
      const [outer, extent] = [sizeOf(shape.slice(0, axis)), shape[axis]!];
      const rows = reshape(result, [outer, extent, result.size / outer / extent]);
      const changed = engine.run(kernel, { x: rows }, attributes);
      return reshape(changed, shape.map((d, i) => (i === axis ? changed.shape[1]! : d))); // oxfmt-ignore
    }, x);

  /** Runs a kernel on float32. Some of tfjs's kernels take no more than four axes on the device. */
  const onFloats = (kernel: string, operands: Operands, attributes: NamedAttrMap): Tensor => {
    if (isList(operands)) return engine.run(kernel, operands, attributes);
    const { x, t } = operands;
    // only Select has t
    if (t !== undefined && t.shape.length > 4) {
      const rows = Object.entries(operands).map(([name, y]) => [name, reshape(y, [y.size])] as const);
      return reshape(engine.run(kernel, Object.fromEntries(rows), attributes), t.shape);
    }
    if (x !== undefined && kernel === 'Transpose') {
      const { perm } = attributes as { readonly perm: number[] };
      // the kernel fails for a single axis
      if (perm.every((from, to) => from === to)) return engine.run('Identity', { x }, {});
    }
    const along = ALONG_AXIS[kernel];
    if (x !== undefined && x.shape.length > 4 && along !== undefined)
      return axisByAxis(kernel, x, along(x, attributes));
    return engine.run(kernel, operands, attributes);
  };

  /** Runs `work` on the rows of x along axes, which come last: `[rows, extent]`. `shape` has the extents of the others. */
  const onRows = <A>(x: Tensor, axes: readonly number[], work: (rows: Tensor, shape: readonly number[]) => A): A => {
    const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const shape = others.map((i) => x.shape[i]!);
    const last = moved('Transpose', { x }, { perm: [...others, ...axes] });
    return work(reshape(last, [sizeOf(shape), x.size / sizeOf(shape)]), shape);
  };

  const cumulated = (x: Tensor, { axis, reverse }: NamedAttrMap): Tensor =>
    onRows(x, [axis as number], (rows, shape) => {
      const sums = reshape(tensorOf(programs.cumulated(rows, reverse as boolean)), [
        ...shape,
        x.shape[axis as number]!,
      ]);
      const back = x.shape.map((_, i) => (i === axis ? shape.length : i < (axis as number) ? i : i - 1));
      return moved('Transpose', { x: sums }, { perm: back });
    });

  return {
    ...engine,
    run: (kernel, operands, attributes) => {
      if (Object.hasOwn(MOVED, kernel)) return moved(kernel, operands, attributes);
      const x = isList(operands) ? undefined : operands['x'];
      if (x === undefined) return engine.run(kernel, operands, attributes);
      // tfjs would only relabel the numbers, and its other kernels would take the type from the label
      if (kernel === 'Cast' && x.dtype !== 'float32') return cast(x, attributes['dtype'] as NumberType);
      if (kernel === 'Any') return engine.run(kernel, { x: cast(x, 'float32') }, attributes);
      // tfjs computes step sizes as powers of 2, which some devices compute as one less
      if (kernel === 'Cumsum') return cumulated(x, attributes);
      if (x.dtype !== 'int32') return onFloats(kernel, operands, attributes);
      if (isReduction(kernel)) {
        const axes = (attributes['axis'] ?? attributes['reductionIndices']) as number[];
        return onRows(x, axes, (rows, shape) => reshape(tensorOf(programs.reduced(kernel, rows)), shape));
      }
      return engine.run(kernel, operands, attributes);
    },
  };
};
