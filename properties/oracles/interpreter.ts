/**
 * Interprets plans in float64 by their definition: one call after the other, one number at a time, in the memory layout
 * of the plan. It is slow and strict: it refuses plans that read memory that was not written, or write memory that a
 * kernel may still have to read.
 */
import { isDense } from '../../src/dsl/compile/lower/views.js';
import type { ConvAttributes } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import type { Call, KeyExpression, Plan, View } from '../../src/dsl/plan/plan.js';
import type { Access, Region } from '../../src/dsl/graph/region.js';
import { deriveWords, randomInto } from '../../src/internal/numerics/threefry.js';
import type { KeyWords } from '../../src/dsl/plan/backend.js';
import { evaluatePrimitive, type Tensor } from './evaluate.js';
import { memoryOf, type Memory } from './memories.js';
import { evaluateRegionIn } from './region.js';

type Numbers = Float64Array;
type CallOf<K extends Call['kind']> = Extract<Call, { kind: K }>;

/** The addresses of a view's elements, row-major. */
const addressesOf = ({ shape, strides, offset }: View): readonly number[] =>
  shape.reduce<readonly number[]>(
    (outer, extent, axis) => {
      const addresses: number[] = [];
      for (const at of outer) for (let i = 0; i < extent; i++) addresses.push(at + i * strides[axis]!);
      return addresses;
    },
    [offset],
  );

const readView = (memory: Memory, view: View): Tensor => ({
  data: Float64Array.from(addressesOf(view).map((at) => memory.read(view.buffer, at))),
  shape: view.shape,
  dtype: view.dtype,
});

const writeView = (memory: Memory, view: View, values: Numbers): void =>
  addressesOf(view).forEach((at, i) => memory.write(view.buffer, at, values[i]!));

/** ∂L/∂kernel[ky, kx, c, d] = Σ image[b, row, column, c] · cotangent[b, y, x, d] */
const filterGradient = (
  { strides, padding, lhsDilation, rhsDilation }: ConvAttributes,
  image: Tensor,
  cotangent: Tensor,
  output: View,
): Numbers => {
  const [B, H, W, C] = image.shape as readonly [number, number, number, number];
  const [, OH, OW, D] = cotangent.shape as readonly [number, number, number, number];
  const [KH, KW] = output.shape as readonly [number, number];
  /** The row or column of the image that a tap of the kernel meets; undefined in padding. */
  const met = (o: number, k: number, extent: number, axis: 0 | 1): number | undefined => {
    const place = (o * strides[axis] + k * rhsDilation[axis] - padding[axis][0]) / lhsDilation[axis];
    return Number.isInteger(place) && place >= 0 && place < extent ? place : undefined;
  };
  const result = new Float64Array(KH * KW * C * D);
  for (let ky = 0; ky < KH; ky++)
    for (let kx = 0; kx < KW; kx++)
      for (let y = 0; y < OH; y++)
        for (let x = 0; x < OW; x++) {
          const [row, column] = [met(y, ky, H, 0), met(x, kx, W, 1)];
          if (row === undefined || column === undefined) continue;
          for (let b = 0; b < B; b++)
            for (let c = 0; c < C; c++)
              for (let d = 0; d < D; d++)
                result[((ky * KW + kx) * C + c) * D + d]! +=
                  image.data[((b * H + row) * W + column) * C + c]! * cotangent.data[((b * OH + y) * OW + x) * D + d]!;
        }
  return result;
};

const runAnchor = ({ anchor, inputs, output, scratch }: CallOf<'anchor'>, memory: Memory): void => {
  demandDense(output);
  // a kernel may write results and working memory before it has read all operands
  memory.forget(output.buffer);
  if (scratch !== null) writeView(memory, scratch, new Float64Array(sizeOf(scratch.shape)).fill(NaN));
  const operands = inputs.map((view) => readView(memory, view));
  const result =
    anchor.op === 'filterGradient'
      ? filterGradient(anchor.attributes, operands[0]!, operands[1]!, output)
      : anchor.op === 'conv2d'
        ? evaluatePrimitive({ op: 'conv2d', attributes: anchor.attributes }, operands, output)
        : evaluatePrimitive({ op: 'dot', attributes: {} }, operands, output);
  writeView(memory, output, result);
};

const demandDense = (view: View): void => {
  if (!isDense(view.shape, view.strides)) throw new Error(`a view of buffer ${view.buffer} should be dense`);
};

const runLibrary = ({ node, inputs, output }: CallOf<'library'>, memory: Memory): void => {
  [...inputs, output].forEach(demandDense);
  memory.forget(output.buffer);
  const operands = inputs.map((view) => readView(memory, view));
  writeView(memory, output, evaluatePrimitive(node, operands, output));
};

const sameAccess = (a: Access, b: Access): boolean =>
  a.offset === b.offset && a.strides.every((stride, loop) => stride === b.strides[loop]);

/** A region may run in any order and several iterations at once, so it may overwrite its inputs only in place. */
const checkAliases = ({ loads, stores }: Region, memory: Memory): void => {
  for (const [s, store] of stores.entries()) {
    for (const load of loads) {
      const overlap = memory.overlap(store.buffer, load.buffer);
      const inPlace = overlap === 'same' && store.reduce === null && sameAccess(store, load);
      if (overlap !== 'none' && !inPlace)
        throw new Error(`a region writes buffer ${store.buffer} over buffer ${load.buffer}, which it reads`);
    }
    for (const other of stores.slice(s + 1))
      if (memory.overlap(store.buffer, other.buffer) !== 'none')
        throw new Error(`a region writes buffers ${store.buffer} and ${other.buffer}, which overlap`);
  }
};

const runRegion = (region: Region, memory: Memory): void => {
  checkAliases(region, memory);
  const identity = (x: number): number => x;
  evaluateRegionIn(region, memory, identity, identity);
};

/** Every output is returned to the caller, so it has its own memory: new, or that of a donated input. */
const checkOutputs = ({ outputs, buffers, inputs }: Plan): void =>
  outputs.forEach((output, k) => {
    if (output.kind === 'key') return;
    const { storage } = buffers[output.view.buffer]!;
    const own =
      (storage.kind === 'output' && storage.output === k) ||
      (storage.kind === 'input' && inputs[storage.input]!.donatedTo === k);
    if (!own) throw new Error(`output ${k} has no memory of its own, but that of ${JSON.stringify(storage)}`);
    demandDense(output.view);
  });

/**
 * The outputs of a plan, in order, for its inputs, in order, with kernels that write whole vectors of a given length.
 */
export const interpret = (
  plan: Plan,
  inputs: readonly (ArrayLike<number> | KeyWords)[],
  vector = 1,
): readonly (Numbers | KeyWords)[] => {
  checkOutputs(plan);
  const memory = memoryOf(plan, inputs, vector);
  const keyOf = ({ input, words }: KeyExpression): KeyWords =>
    // the inputs of keys are keys
    words.reduce<KeyWords>(deriveWords, inputs[input] as KeyWords);
  for (const call of plan.calls)
    switch (call.kind) {
      case 'region':
        runRegion(call.region, memory);
        break;
      case 'anchor':
        runAnchor(call, memory);
        break;
      case 'library':
        runLibrary(call, memory);
        break;
      case 'random': {
        const numbers = new Float64Array(sizeOf(call.output.shape));
        randomInto(call.distribution, keyOf(call.key), numbers);
        writeView(memory, call.output, numbers);
      }
    }
  return plan.outputs.map((output) => (output.kind === 'key' ? keyOf(output.key) : readView(memory, output.view).data));
};
