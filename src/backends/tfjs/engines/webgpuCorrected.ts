/** Replaces what tfjs's WebGPU kernels compute wrongly: int32 and bool beyond 24 bits, and tensors of many axes. */
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../dsl/graph/node.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import type { Engine, Operands, Tensor } from '../eager/engine.js';
import { isReduction, type WebgpuPrograms } from './webgpuPrograms.js';

/** Kernels that only move elements, with the names of the operands that they move; those in a list are all moved. */
const MOVED: Readonly<Record<string, readonly string[]>> = {
  Transpose: ['x'],
  Slice: ['x'],
  StridedSlice: ['x'],
  PadV2: ['x'],
  Reverse: ['x'],
  Tile: ['x'],
  GatherNd: ['params'],
  Select: ['t', 'e'],
  ScatterNd: ['updates'], // which it also adds: the sums of the halves make the sum
  Concat: [],
};

/** tfjs's WebGPU engine, with kernels of our own for int32 and bool. `tensorOf` makes a tensor of a result. */
export const corrected = (engine: Engine, programs: WebgpuPrograms, tensorOf: (info: TensorInfo) => Tensor): Engine => {
  const isList = (operands: Operands): operands is readonly Tensor[] => Array.isArray(operands);
  const cast = (x: Tensor, dtype: NumberType): Tensor =>
    tensorOf(programs.elementwise({ op: 'cast', dtype, a: 0 }, [x]));
  const reshape = (x: Tensor, shape: readonly number[]): Tensor => engine.run('Reshape', { x }, { shape: [...shape] });

  /** Replaces the operands that a kernel moves. */
  const replaced = (kernel: string, operands: Operands, change: (x: Tensor) => Tensor): Operands =>
    isList(operands)
      ? operands.map(change)
      : { ...operands, ...Object.fromEntries(MOVED[kernel]!.map((name) => [name, change(operands[name]!)])) };

  const movedDtype = (kernel: string, operands: Operands): string =>
    (isList(operands) ? operands[0]! : operands[MOVED[kernel]![0]!]!).dtype;

  /** Moves int32 as two halves, which float32 holds exactly. */
  const moved = (kernel: string, operands: Operands, attributes: NamedAttrMap): Tensor => {
    const dtype = movedDtype(kernel, operands);
    if (dtype === 'float32') return moveFloats(kernel, operands, attributes);
    // sums of halves can take more bits than float32 has
    const isSum = kernel === 'ScatterNd';
    const halves = (change: (x: Tensor) => TensorInfo): Operands =>
      replaced(kernel, operands, (x) => (isSum ? cast(tensorOf(change(x)), 'int32') : tensorOf(change(x))));
    if (dtype === 'bool') {
      const floats = replaced(kernel, operands, (x) => cast(x, 'float32'));
      return cast(moveFloats(kernel, floats, attributes), 'bool');
    }
    const value = 'constantValue' in attributes ? (attributes['constantValue'] as number) : null;
    const padding = (part: number): NamedAttrMap => (value === null ? attributes : { ...attributes, constantValue: part }); // prettier-ignore
    const high = moveFloats(kernel, halves(programs.high), padding((value ?? 0) >> 16));
    const low = moveFloats(kernel, halves(programs.low), padding((value ?? 0) & 0xffff));
    return tensorOf(programs.joined(high, low));
  };

  /** Applies a kernel to one axis after the other, as the middle one of three. */
  const axisByAxis = (
    kernel: string,
    x: Tensor,
    attributesOf: (axis: number) => { readonly attributes: NamedAttrMap; readonly times: number } | null,
  ): Tensor =>
    x.shape.reduce((result, _, axis) => {
      const here = attributesOf(axis);
      if (here === null) return result;
      const { shape } = result;
      const [outer, extent] = [sizeOf(shape.slice(0, axis)), shape[axis]!];
      const rows = engine.run(
        kernel,
        { x: reshape(result, [outer, extent, result.size / outer / extent]) },
        here.attributes,
      );
      return reshape(rows, shape.map((d, i) => (i === axis ? d * here.times : d))); // prettier-ignore
    }, x);

  /** Moves float32. tfjs tiles, reverses and selects no more than four axes on the device. */
  const moveFloats = (kernel: string, operands: Operands, attributes: NamedAttrMap): Tensor => {
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
    if (x !== undefined && x.shape.length > 4) {
      const { reps, dims } = attributes as { readonly reps: number[]; readonly dims: number[] };
      if (kernel === 'Tile')
        return axisByAxis(kernel, x, (axis) =>
          reps[axis] === 1 ? null : { attributes: { reps: [1, reps[axis]!, 1] }, times: reps[axis]! },
        );
      if (kernel === 'Reverse')
        return axisByAxis(kernel, x, (axis) => (dims.includes(axis) ? { attributes: { dims: [1] }, times: 1 } : null));
    }
    return engine.run(kernel, operands, attributes);
  };

  /** Runs `work` on the rows of x along axes, which come last: `[rows, extent]`. `kept` are the extents of the others. */
  const onRows = <A>(x: Tensor, axes: readonly number[], work: (rows: Tensor, kept: readonly number[]) => A): A => {
    const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const kept = others.map((i) => x.shape[i]!);
    const last = moved('Transpose', { x }, { perm: [...others, ...axes] });
    return work(reshape(last, [sizeOf(kept), x.size / sizeOf(kept)]), kept);
  };

  const cumulated = (x: Tensor, { axis, reverse }: NamedAttrMap): Tensor =>
    onRows(x, [axis as number], (rows, kept) => {
      const sums = reshape(tensorOf(programs.cumulated(rows, reverse as boolean)), [...kept, x.shape[axis as number]!]);
      const back = x.shape.map((_, i) => (i === axis ? kept.length : i < (axis as number) ? i : i - 1));
      return moved('Transpose', { x: sums }, { perm: back });
    });

  return {
    ...engine,
    run: (kernel, operands, attributes) => {
      if (Object.hasOwn(MOVED, kernel)) return moved(kernel, operands, attributes);
      const x = isList(operands) ? undefined : operands['x'];
      if (x === undefined) return engine.run(kernel, operands, attributes);
      // tfjs would only relabel the numbers, and other kernels of it would take their type from the label
      if (kernel === 'Cast' && x.dtype !== 'float32') return cast(x, attributes['dtype'] as NumberType);
      if (kernel === 'Any') return engine.run(kernel, { x: cast(x, 'float32') }, attributes);
      if (x.dtype !== 'int32') return engine.run(kernel, operands, attributes);
      if (isReduction(kernel)) {
        const axes = (attributes['axis'] ?? attributes['reductionIndices']) as number[];
        return onRows(x, axes, (rows, kept) => reshape(tensorOf(programs.reduced(kernel, rows)), kept));
      }
      return kernel === 'Cumsum' ? cumulated(x, attributes) : engine.run(kernel, operands, attributes);
    },
  };
};
