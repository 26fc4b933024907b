/** Corrects kernels of tfjs's WebAssembly engine. */
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { denseStrides } from '../../../dsl/compile/lower/loops.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import { copyStrided, dense } from '../../shared/strided.js';
import type { Engine, Tensor } from '../eager/engine.js';

/** Computes strided slices on the host, because the WebAssembly kernel of tfjs labels every result float32. */
const stridedSlice = (engine: Engine, x: Tensor, attributes: NamedAttrMap): Tensor => {
  const { begin, end, strides } = attributes as Readonly<Record<'begin' | 'end' | 'strides', number[]>>;
  const shape = begin.map((first, i) => Math.ceil((end[i]! - first) / strides[i]!));
  const from = denseStrides(x.shape);
  const numbers = engine.readNow!(x); // the WebAssembly engine of tfjs reads synchronously
  const data = numbers.slice(0, sizeOf(shape));
  const layout = {
    offset: begin.reduce((sum, first, i) => sum + first * from[i]!, 0),
    strides: from.map((stride, i) => stride * strides[i]!),
  };
  copyStrided(shape, numbers, layout, data, dense(shape));
  // the cast is safe: the engine only has tensors of our dtypes
  return engine.tensor(data, shape, x.dtype as NumberType);
};

/** Pads int32 on the host, because the kernel of tfjs takes the value as a float32. */
const paddedIntegers = (engine: Engine, x: Tensor, attributes: NamedAttrMap): Tensor => {
  const { paddings, constantValue } = attributes as {
    readonly paddings: [number, number][];
    readonly constantValue: number;
  };
  const shape = x.shape.map((extent, i) => extent + paddings[i]![0] + paddings[i]![1]);
  const strides = denseStrides(shape);
  const data = new Int32Array(sizeOf(shape)).fill(constantValue);
  const offset = strides.reduce((sum, stride, i) => sum + stride * paddings[i]![0], 0);
  copyStrided(x.shape, engine.readNow!(x), dense(x.shape), data, { offset, strides }); // as above
  return engine.tensor(data, shape, 'int32');
};

/** The WebAssembly engine of tfjs, with corrections for the errors of its kernels that affect programs. */
export const corrected = (engine: Engine): Engine => ({
  ...engine,
  run: (kernel, operands, attributes) => {
    const x = 'x' in operands ? operands.x : undefined;
    if (x !== undefined && kernel === 'StridedSlice') return stridedSlice(engine, x, attributes);
    if (x?.dtype === 'int32' && kernel === 'PadV2') return paddedIntegers(engine, x, attributes);
    // a copy, because products cache packed operands by the id of the data, regardless of the shape
    if (x !== undefined && kernel === 'Reshape')
      return engine.run(kernel, { x: engine.run('Identity', { x }, {}) }, attributes);
    return engine.run(kernel, operands, attributes);
  },
});
