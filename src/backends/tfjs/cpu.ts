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
  run: (name, inputs, attributes, _, onResults) => {
    const tensors: Record<string, TensorInfo> = {};
    for (const [argument, { data, shape, dtype }] of Object.entries(inputs))
      // tfjs keeps the array and only reads it; the cast is safe: only the reference backend uses Float64Array
      tensors[argument] = backend.makeTensorInfo([...shape], dtype, data as Float32Array | Int32Array);
    const results = listOf(getKernel(name, 'cpu').kernelFunc({ inputs: tensors, backend, attrs: attributes }));
    // the cast is safe: the results are float32 or int32
    onResults(results.map(({ dataId }) => backend.data.get(dataId).values as NumberArray));
    for (const { dataId } of [...Object.values(tensors), ...results]) backend.disposeData(dataId, true);
  },
});

/** A tfjs cpu backend of our own, independent of the one in tfjs's registry. */
const quietBackend = (): MathBackendCPU => {
  const backend = new MathBackendCPU();
  // on first use it would print an advertisement for tfjs-node; the cast reaches a field that the types declare private
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  return backend;
};

/**
 * Runs programs in plain JavaScript: tfjs's cpu kernels for matrix products, convolutions and indexing, and generated
 * fused loops for everything else. It runs anywhere, but large products are slow.
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
