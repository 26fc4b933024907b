import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { getKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import { TE } from '../../internal/fp.js';
import { hostHeap, type NumberArray } from '../shared/memory/heap.js';
import { hostBackend } from '../shared/hostBackend.js';
import { noOptions, withOptions } from '../shared/options.js';
import { randomRule } from '../shared/random.js';
import { regionJsRule } from '../shared/regions/regionJs.js';
import { rowsRule } from '../shared/rows.js';
import { topKRule } from '../shared/topK.js';
import { anchorRule, anchorScratch } from './anchors.js';
import { libraryRule } from './library.js';
import { listOf, type TfjsKernels } from './tensors.js';

const cpuKernels = (backend: MathBackendCPU): TfjsKernels => ({
  backend: 'cpu',
  run: (name, inputs, attributes, _, take) => {
    const tensors: Record<string, TensorInfo> = {};
    for (const [argument, { data, shape, dtype }] of Object.entries(inputs))
      // tfjs keeps the array itself, and only reads it; a Float64Array is the reference's alone
      tensors[argument] = backend.makeTensorInfo([...shape], dtype, data as Float32Array | Int32Array);
    const results = listOf(
      getKernel(name, 'cpu').kernelFunc({ inputs: tensors, backend, attrs: attributes }),
    );
    // numbers, as the dtypes are
    take(results.map(({ dataId }) => backend.data.get(dataId).values as NumberArray));
    for (const { dataId } of [...Object.values(tensors), ...results]) backend.disposeData(dataId, true);
  },
});

/** A tfjs backend of our own, not the one that tfjs's engine may hold. */
const quietBackend = (): MathBackendCPU => {
  const backend = new MathBackendCPU();
  // at first use it would advertise tfjs-node on the console; the field is private in the types alone
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  return backend;
};

/**
 * Plain JavaScript: tfjs's cpu kernels for matrix products, convolutions and indexing, and fused loops
 * generated as JavaScript for all else. It runs anywhere, and is slow where the products are large.
 *
 * @example
 * await pipe(
 *   compile(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 1, 0, 1) })),
 *   RTE.flatMap(read),
 *   using(cpu()),
 * )() // → E.right([1, 2, 0, 1])
 */
export const cpu = withOptions('the cpu backend', noOptions, () =>
  TE.fromIO(() => {
    const kernels = cpuKernels(quietBackend());
    const rules = [randomRule, topKRule, rowsRule, regionJsRule, anchorRule(kernels), libraryRule(kernels)];
    return hostBackend({
      name: 'cpu',
      capabilities: { fuses: true, composites: ['filterGradient'], scratchElements: anchorScratch },
      heap: hostHeap(4, (dtype) => (dtype === 'float32' ? Float32Array : Int32Array)),
      rules: () => rules,
    });
  }),
);
