/**
 * Compares the tfjs, wasm and webgpu backends with the float64 reference, primitive by primitive, through the real
 * lowering.
 */
import { fc, test as property } from '@fast-check/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { convolutionCase } from '../../../properties/arbitraries/convolution.js';
import { runPlan, unfused, valueOf } from '../../../properties/oracles/plans.js';
import type { Backend, HostArray } from '../../dsl/plan/backend.js';
import { filterGradientComposite } from '../../dsl/composites/index.js';
import { lower } from '../../dsl/compile/lower/index.js';
import { E } from '../../internal/fp.js';
import { type DType, type Node, node, reachable } from '../../dsl/graph/node.js';
import { sizeOf } from '../../internal/numbers.js';
import * as p from '../../dsl/primitives/index.js';
import { skippedFor } from '../../../properties/skips.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import { reference } from '../reference/index.js';
import { webgpu } from '../webgpu/index.js';
import { MOST_AXES } from './eager/backend.js';
import { asOnTensorflow } from './eager/testing.js';
import { tfjs } from './index.js';
import { wasm } from '../wasm/backend.js';

const oracle = valueOf(await reference()());
const acquired = async (acquire: ReturnType<typeof wasm>): Promise<Backend> => valueOf(await acquire());

const input = (path: string, shape: readonly number[], dtype: DType = 'float32'): Node =>
  node('input', [], { path }, shape, dtype);

/** Small numbers with few bits, whose float32 sums are exact. */
const numbersFor = (n: Node, seed: number): HostArray => {
  const next = (i: number): number => (Math.imul(i + 17 * seed + 1, 2654435761) >>> 16) % 17;
  const all = Array.from({ length: sizeOf(n.shape) }, (_, i) => next(i));
  return n.dtype === 'float32' ? Float32Array.from(all, (x) => (x - 8) / 4) : Int32Array.from(all);
};

const agree = async (backend: Backend, output: Node, graph: Node = output) => {
  const inputs = reachable([output]).filter((n) => n.op === 'input');
  const numbers = inputs.map((n, i) => numbersFor(n, i));
  const plan = lower(
    { inputs, outputs: [graph], donations: inputs.map(() => null), donated: inputs.map(() => false) },
    backend.capabilities,
  );
  const before = backend.stats().bytes;
  const [actual] = await runPlan(backend, plan, numbers);
  expect(backend.stats().bytes).toBe(before);
  const [expected] = await runPlan(oracle, unfused([output]), numbers);
  expect(actual!.length).toBe(expected!.length);
  // zeros of either sign are equal: it is not specified
  const off = expected!.findIndex(
    (x: number, i: number) => actual![i] !== x && !(Number.isNaN(x) && Number.isNaN(actual![i])),
  );
  expect(off < 0 ? null : `element ${off}: ${actual![off]} instead of ${expected![off]}`).toBeNull();
};

const x = input('x', [4, 3, 5]);
const integers = input('n', [4, 3], 'int32');
const indices = input('i', [6], 'int32'); // some are out of range
const rows = input('r', [6, 3]);

const library: Readonly<Record<string, Node>> = {
  gather: p.gather(x, indices),
  'gather of int32': p.gather(integers, indices),
  scatterAdd: p.scatterAdd(indices, rows, 4),
  'scatterAdd of int32': p.scatterAdd(indices, p.cast(rows, 'int32'), 4),
  'scatterAdd of a vector': p.scatterAdd(indices, input('v', [6]), 4),
  'cumsum of the last axis': p.cumsum(x, 2),
  'cumsum of the first axis': p.cumsum(x, 0),
  'cumsum of a middle axis, from the end': p.cumsum(x, 1, true),
  'cumsum of int32': p.cumsum(integers, 1),
  'argmax of the last axis': p.argmax(x, 2),
  'argmax of the first axis': p.argmax(x, 0),
  'argmax of int32': p.argmax(integers, 1),
  'argmax of a vector': p.argmax(input('v', [7]), 0),
  topKIndices: p.topKIndices(x, 3),
  'topKIndices, all': p.topKIndices(x, 5),
  'topKIndices of int32': p.topKIndices(integers, 2),
};

const a = input('a', [2, 3, 4]);
const b = input('b', [2, 4, 5]);
const transposed = (n: Node): Node => p.transpose(n, [0, 2, 1]);
const products: Readonly<Record<string, Node>> = {
  'dot of matrices': p.dot(input('a', [3, 4]), input('b', [4, 5])),
  'dot in batches': p.dot(a, b),
  'dot with a transposed left': p.dot(transposed(input('a', [2, 4, 3])), b),
  'dot with a transposed right': p.dot(a, transposed(input('b', [2, 5, 4]))),
  'dot with a repeated operand': p.dot(a, p.broadcast(input('b', [1, 4, 5]), [2, 4, 5])),
  'dot of four axes': p.dot(
    p.transpose(input('a', [2, 6, 3, 4]), [0, 2, 1, 3]),
    p.transpose(input('b', [2, 4, 3, 5]), [0, 2, 1, 3]),
  ),
};

/** Operations on many axes; kernels of tfjs take at most six. */
const manyAxes = (rank: number, dtype: 'float32' | 'int32'): Readonly<Record<string, Node>> => {
  const x = p.cast(input('x', [1, 2, 1, 3, 2, 1, 2, 2].slice(8 - rank)), dtype);
  const last = rank - 1;
  const first = x.shape.map(() => 0);
  const reversed = x.shape.map((_, axis) => last - axis);
  const rowsOfLast = p.transpose(x, reversed);
  return {
    broadcast: p.broadcast(x, x.shape.map((d) => (d === 1 ? 2 : d))), // oxfmt-ignore
    transpose: p.transpose(x, reversed),
    slice: p.slice(x, first.with(last, 1), x.shape.with(last, 1)),
    'slice in steps': p.slice(x, first, x.shape.map((d) => Math.ceil(d / 2)), x.shape.map(() => 2)), // oxfmt-ignore
    flip: p.flip(x, [1, last]),
    pad: p.pad(x, first.with(0, 1), first.with(last, 1)),
    concat: p.concat([x, x], 1),
    add: p.add(x, p.flip(x, [last])),
    'add of a repeated operand': p.add(x, p.broadcast(p.slice(x, first, x.shape.with(last, 1)), x.shape)),
    max: p.max(x, p.flip(x, [last])),
    select: p.select(p.less(x, p.flip(x, [last])), x, p.flip(x, [1])),
    sum: p.reduce('sum', x, [0, last]),
    'largest element': p.reduce('max', x, [1, last]),
    cumsum: p.cumsum(x, 1),
    argmax: p.argmax(x, 1),
    topKIndices: p.topKIndices(x, 2),
    gather: p.gather(rowsOfLast, indices),
    scatterAdd: p.scatterAdd(input('j', [2], 'int32'), rowsOfLast, 3),
    dot: p.dot(p.cast(x, 'float32'), p.cast(x, 'float32')),
  };
};

/**
 * Tests for every backend. WebGPU gets fewer runs, because compiling a shader takes longer than computing a small case.
 */
const agreement = (backend: Backend, numRuns: number): void => {
  test.each(Object.entries({ ...library, ...products }))('%s', (_name, graph) => agree(backend, graph));
  const rank = backend.name.startsWith('tfjs') ? MOST_AXES : 8;
  for (const dtype of ['float32', 'int32'] as const)
    test.each(Object.entries(manyAxes(rank, dtype)))(`%s of ${rank} axes of ${dtype}`, (_, graph) =>
      agree(backend, graph),
    );

  property.prop([convolutionCase(), fc.boolean()], { numRuns })(
    'conv2d with all its attributes',
    ({ image, kernel, attributes }, flipped) =>
      agree(
        backend,
        p.conv2d(
          input('image', image),
          flipped ? p.flip(input('kernel', kernel), [0, 1]) : input('kernel', kernel),
          attributes,
        ),
      ),
  );

  property.prop([convolutionCase(false)], { numRuns })('filterGradient', ({ image, kernel, attributes }) => {
    const x = input('image', image);
    const cotangent = input('cotangent', p.conv2d(x, input('kernel', kernel), attributes).shape);
    const composite = p.composite(filterGradientComposite, [x, cotangent], {
      attributes,
      kernel: [kernel[0], kernel[1]],
    });
    return agree(backend, p.decomposition(composite), composite);
  });

  afterAll(async () => {
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    await backend.close();
  });
};

test('tensors of more axes than the kernels of tfjs take are refused', async () => {
  const backend = await acquired(tfjs('cpu'));
  const x = input('x', [1, 2, 1, 2, 1, 2, 1]);
  const inputs = { inputs: [x], donations: [null], donated: [false] };
  const compiled = await backend.compile(lower({ ...inputs, outputs: [p.flip(x, [1])] }, backend.capabilities))();
  expect(compiled).toMatchObject(E.left({ _tag: 'BackendFailure', actual: '[1, 2, 1, 2, 1, 2, 1]' }));
  await backend.close();
});

describe('wasm', async () => agreement(await acquired(wasm()), 100));
describe('tfjs-cpu', async () => agreement(await acquired(tfjs('cpu')), 100));
describe('tfjs-wasm', async () => agreement(await acquired(tfjs('wasm')), 100));
describe('tfjs as on TensorFlow', () => agreement(asOnTensorflow(), 100));
// without WebGPU, the reference is used only to list the skipped tests by name
describe('webgpu', skippedFor(noWebgpu), async () =>
  agreement(await acquired(noWebgpu === '' ? webgpu() : reference()), 25),
);
describe('tfjs-webgpu', skippedFor(noWebgpu), async () =>
  agreement(await acquired(noWebgpu === '' ? tfjs('webgpu') : reference()), 25),
);
