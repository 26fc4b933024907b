/** The buffers of a plan, and views of nodes in them. */
import type { Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { dataOf } from '../../primitives/rules/table.js';
import type { Capabilities } from '../../plan/backend.js';
import type { Buffer, View } from '../../plan/plan.js';
import { classOf, numberType } from './classes.js';
import { ALIGNMENT } from './layout.js';
import { denseStrides } from './loops.js';
import { type Divided, type OperandPart, partsOf } from './parts.js';
import type { NodeBuffers } from './regions.js';
import { viewOf } from './views.js';
import { entryOf } from '../../../internal/lookup.js';

/** The first index of each node in a list. */
const places = (nodes: readonly Node[]): ReadonlyMap<Node, number> =>
  new Map(nodes.map((n, i) => [n, i] as const).reverse());

/** The buffers of a graph, in the order of the plan. Anchors add their scratch memory. */
export interface PlanBuffers extends NodeBuffers {
  readonly buffers: Buffer[];
}

/** Gives a buffer to each node of `order` that is stored or a source. */
export const planBuffers = (
  inputs: readonly Node[],
  { roots: outputs, parts: inputParts }: Divided,
  order: readonly Node[],
  inMemory: ReadonlySet<Node>,
  { fuses, alignment = ALIGNMENT }: Capabilities,
): PlanBuffers => {
  const [inputOf, outputOf] = [places(inputs), places(outputs)];
  const storageOf = (n: Node): Buffer['storage'] => {
    const { whole, offset } = inputParts.get(n) ?? { whole: n, offset: 0 };
    const [data, input, output] = [dataOf(n), inputOf.get(whole), outputOf.get(n)];
    if (data !== null) return { kind: 'constant', data };
    if (input !== undefined) return { kind: 'input', input, offset };
    return output === undefined ? { kind: 'arena', offset: 0 } : { kind: 'output', output };
  };
  const isInArena = (n: Node): boolean => storageOf(n).kind === 'arena';
  const parts = fuses ? partsOf(order, inMemory, isInArena, alignment) : new Map<Node, OperandPart>();
  const operandsInPlace = new Set([...parts.values()].map(({ operand }) => operand));

  const owners = order.filter((n) => inMemory.has(n) || classOf(n) === 'source');
  const numbers = places(owners);
  const buffers = owners.map((n): Buffer => {
    const part = parts.get(n) ?? inputParts.get(n);
    const partOf = part && { partOf: { buffer: entryOf(numbers, part.whole), offset: part.offset } };
    return { elements: sizeOf(n.shape), dtype: numberType(n), storage: storageOf(n), ...partOf };
  });
  return { buffers, bufferOf: (n) => numbers.get(n), isInPlace: (operand) => operandsInPlace.has(operand) };
};

/** The view of a node that fills a buffer. */
export const denseView = (n: Node, buffer: number): View => ({
  buffer,
  offset: 0,
  shape: n.shape,
  strides: denseStrides(n.shape),
  dtype: numberType(n),
});

/** The view of a movement in the buffer of its operand. */
export const viewIn =
  ({ bufferOf }: PlanBuffers) =>
  (n: Node): View => {
    const view = viewOf(n, (x) => bufferOf(x) !== undefined);
    const buffer = view === null ? undefined : bufferOf(view.base);
    if (view === null || buffer === undefined) throw new Error(`noisefold: ${n.op} should have been stored`);
    return { buffer, offset: view.offset, shape: n.shape, strides: view.strides, dtype: numberType(n) };
  };
