/** Lowers a graph of primitives and native composites to a plan. */
import { atOnce, type Pieces } from '../../../internal/stop.js';
import { type Anchor, type Node, pathOf, placeOf, reachable, rewrite, sizeOf } from '../../graph/node.js';
import { barrier, isInput } from '../../primitives/index.js';
import { dataOf, drawOf, labelOf, loweringAs, primitiveOf, wordsOf } from '../../primitives/table.js';
import type { Capabilities } from '../backend.js';
import { type Buffer, type Call, type KeyExpression, type LibraryNode, type Origin, type Plan, type PlanInput, type PlanOutput, readsOf, type View, writesOf } from '../plan.js'; // prettier-ignore
import { classOf, isMovement, isSource, numberType, waits } from './classes.js';
import { ALIGNMENT, inPlace, layout, wholesOf } from './layout.js';
import { denseStrides } from './loops.js';
import { materialize } from './materialize.js';
import { type Divided, divideInputs, type OperandPart, type Part, partsOf } from './parts.js';
import { type Memory, regionsOf } from './regions.js';
import { joinRegions } from './mergeRegions.js';
import { sink } from './sink.js';
import { viewOf } from './views.js';

export interface Lowering {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** For each input, the output that may reuse its memory, or null. */
  readonly donations: readonly (number | null)[];
  /** For each input, true if it is donated. */
  readonly donated: readonly boolean[];
}

const keyExpression = (key: Node, inputs: readonly Node[]): KeyExpression => {
  const own = wordsOf(key);
  if (own === null) return { input: inputs.indexOf(key), words: [] };
  const { input, words } = keyExpression(key.inputs[0]!, inputs);
  return { input, words: [...words, own] };
};

const anchorOf = (n: Node): Anchor => {
  const anchor = loweringAs(n, 'anchor')?.anchor(n) ?? null;
  if (anchor === null) throw new Error(`noisefold: there is no anchor for ${labelOf(n)}`);
  return anchor;
};

/**
 * The path of the first input that one of the nodes reads directly; otherwise the place of the first node in the model.
 */
const firstPlace = (nodes: readonly [Node, ...Node[]]): string => {
  for (const { inputs } of nodes) {
    const direct = inputs.findLast(isInput);
    if (direct !== undefined) return direct.attributes.path;
  }
  return placeOf(nodes[0]);
};

/** The maximum number of operations in the label of a region. */
const MOST_NAMED = 6;

/** The origin of a stored node and the nodes computed with it, operands first. */
const originOf = (n: Node, parts: readonly Node[] = []): Origin => {
  const all = [n, ...[...parts].reverse()] as const;
  const working = all.filter((x) => !isMovement(x) && !isSource(x));
  const labels = [...new Set((working.length > 0 ? working : [n]).map(labelOf))];
  const more = labels.length > MOST_NAMED ? ' ∘ …' : '';
  return { place: firstPlace(all), label: labels.slice(0, MOST_NAMED).join(' ∘ ') + more };
};

/** Removes the second operand of barriers, which no kernel reads. Keeps their depth, which is enough to delay them. */
const awaited = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => (primitiveOf(n).awaits ? { ...n, inputs: n.inputs.slice(0, 1) } : n));

/** Gives each output its own buffer: copies inputs, constants, and repeated outputs. */
const ownOutputs = (outputs: readonly Node[]): readonly Node[] =>
  outputs.map((n, i) => (n.dtype !== 'key' && (isSource(n) || outputs.indexOf(n) < i) ? barrier(n) : n));

/** A fused graph: its stored nodes, their buffers, and the calls that fill them. */
interface Fused {
  readonly buffers: readonly Buffer[];
  readonly bufferOf: (n: Node) => number | undefined;
  readonly calls: readonly Call[];
  /** The regions that must not move to an earlier position. */
  readonly waiting: ReadonlySet<Call>;
}

/** The first index of each node in a list. */
const places = (nodes: readonly Node[]): ReadonlyMap<Node, number> =>
  new Map(nodes.map((n, i) => [n, i] as const).reverse());

const denseView = (n: Node, buffer: number): View => ({
  buffer,
  offset: 0,
  shape: n.shape,
  strides: denseStrides(n.shape),
  dtype: numberType(n),
});

/** The buffers of a graph, in the order of the plan. Anchors add their scratch memory. */
interface Space extends Memory {
  readonly buffers: Buffer[];
}

/** Gives a buffer to each node of `order` that is stored or a source. */
const spaceOf = (
  { inputs }: Lowering,
  { roots: outputs, parts: inputParts }: Divided,
  order: readonly Node[],
  stored: ReadonlySet<Node>,
  { fuses, alignment = ALIGNMENT }: Capabilities,
): Space => {
  const [inputOf, outputOf] = [places(inputs), places(outputs)];
  const storageOf = (n: Node): Buffer['storage'] => {
    const { whole, offset } = inputParts.get(n) ?? { whole: n, offset: 0 };
    const [data, input, output] = [dataOf(n), inputOf.get(whole), outputOf.get(n)];
    if (data !== null) return { kind: 'constant', data };
    if (input !== undefined) return { kind: 'input', input, offset };
    return output === undefined ? { kind: 'arena', offset: 0 } : { kind: 'output', output };
  };
  const isInArena = (n: Node): boolean => storageOf(n).kind === 'arena';
  const parts = fuses ? partsOf(order, stored, isInArena, alignment) : new Map<Node, OperandPart>();
  const operandsInPlace = new Set([...parts.values()].map(({ operand }) => operand));

  const owners = order.filter((n) => stored.has(n) || classOf(n) === 'source');
  const numbers = places(owners);
  const buffers = owners.map((n): Buffer => {
    const part = parts.get(n) ?? inputParts.get(n);
    const partOf = part && { partOf: { buffer: numbers.get(part.whole)!, offset: part.offset } };
    return { elements: sizeOf(n.shape), dtype: numberType(n), storage: storageOf(n), ...partOf };
  });
  return { buffers, bufferOf: (n) => numbers.get(n), isInPlace: (operand) => operandsInPlace.has(operand) };
};

/** The view of a node in the buffer of the node that it is a movement of. */
const viewIn =
  ({ bufferOf }: Space) =>
  (n: Node): View => {
    const view = viewOf(n, (x) => bufferOf(x) !== undefined);
    const buffer = view === null ? undefined : bufferOf(view.base);
    if (view === null || buffer === undefined) throw new Error(`noisefold: ${n.op} should have been stored`);
    return { buffer, offset: view.offset, shape: n.shape, strides: view.strides, dtype: numberType(n) };
  };

/** An anchor with its scratch memory, which it adds to the buffers. */
const anchorCall = (n: Node, output: View, space: Space, { scratchElements }: Capabilities): Call => {
  const inputs = n.inputs.map(viewIn(space));
  const call = { kind: 'anchor', origin: originOf(n), anchor: anchorOf(n), inputs, output, scratch: null } as const;
  const elements = scratchElements(call);
  if (elements === 0) return call;
  const buffer = space.buffers.push({ elements, dtype: 'float32', storage: { kind: 'arena', offset: 0 } }) - 1;
  return { ...call, scratch: { buffer, offset: 0, shape: [elements], strides: [1], dtype: 'float32' } };
};

/** The call that fills the buffer of a node; null for a node that regions fill. */
const callOf = (n: Node, { inputs }: Lowering, space: Space, capabilities: Capabilities): Call | null => {
  const output = denseView(n, space.bufferOf(n)!);
  const kind = classOf(n);
  const distribution = drawOf(n);
  if (distribution !== null) {
    const key = keyExpression(n.inputs[0]!, inputs);
    return { kind: 'random', origin: originOf(n), distribution, key, output };
  }
  if (kind === 'library' || !capabilities.fuses) {
    // drops the graph of the node: a call needs only its name and attributes
    const library = { op: n.op, attributes: n.attributes } as LibraryNode;
    return { kind: 'library', origin: originOf(n), node: library, inputs: n.inputs.map(viewIn(space)), output };
  }
  return kind === 'anchor' ? anchorCall(n, output, space, capabilities) : null;
};

/** Fuses a graph. Stores the `required` nodes, and those that a reshape without index arithmetic needs. */
function* fuse(
  lowering: Lowering,
  divided: Divided,
  required: ReadonlySet<Node>,
  capabilities: Capabilities,
): Pieces<Fused> {
  const order = reachable([...divided.roots, ...lowering.inputs]);
  const stored = capabilities.fuses
    ? materialize(order, required, capabilities.mostBuffers)
    : new Set(order.filter((n) => n.dtype !== 'key' && classOf(n) !== 'source'));
  yield;

  const space = spaceOf(lowering, divided, order, stored, capabilities);
  const { buffers, bufferOf } = space;
  const calls: Call[] = [];
  const unindexable: Node[] = [];
  const waiting = new Set<Call>();
  const fill = (n: Node): void => {
    if (sizeOf(n.shape) === 0) return;
    const own = callOf(n, lowering, space, capabilities);
    if (own !== null) return void calls.push(own);
    for (const { region, parts, unindexable: needed } of regionsOf(n, bufferOf(n)!, space)) {
      const call = { kind: 'region', origin: originOf(n, parts), region } as const;
      calls.push(call);
      unindexable.push(...needed);
      if (parts.some(waits)) waiting.add(call);
    }
  };
  const filled = order.filter((n) => stored.has(n) && !isSource(n)); // sources need no call
  for (const n of filled.sort((a, b) => a.depth - b.depth)) {
    fill(n);
    yield;
  }
  return unindexable.length > 0
    ? yield* fuse(lowering, divided, new Set([...required, ...unindexable]), capabilities)
    : { buffers, bufferOf, calls, waiting };
}

/** Assigns the memory of donated inputs to outputs that are first written after the last read of the input. */
const donate = (
  { donations }: Lowering,
  buffers: readonly Buffer[],
  calls: readonly Call[],
): { readonly buffers: readonly Buffer[]; readonly taken: ReadonlySet<number> } => {
  const written = new Map<number, number>(); // first write of a buffer
  const read = new Map<number, number>(); // last read of a buffer
  calls.forEach((call, at) => {
    for (const b of writesOf(call)) if (!written.has(b)) written.set(b, at);
    for (const b of readsOf(call)) for (const one of [b, ...wholesOf(buffers, b)]) read.set(one, at);
  });
  const ofInput = new Map<number, number>(); // the buffer of a whole input
  const ofOutput = new Map<number, number>(); // the buffer of an output
  buffers.forEach(({ storage, partOf }, b) => {
    if (storage.kind === 'input' && !partOf) ofInput.set(storage.input, b);
    if (storage.kind === 'output') ofOutput.set(storage.output, b);
  });
  const inputOf = new Map<number, number>(); // the input whose memory a buffer reuses
  donations.forEach((output, input) => {
    if (output === null) return;
    const [from, to] = [ofInput.get(input), ofOutput.get(output)];
    if (from === undefined || to === undefined) return;
    const [first, last] = [written.get(to)!, read.get(from) ?? -1];
    if (last < first || (last === first && inPlace(calls[first]!, from, to, buffers))) inputOf.set(to, input);
  });
  return {
    taken: new Set(inputOf.values()),
    buffers: buffers.map((buffer, b) => {
      const input = inputOf.get(b);
      return input === undefined ? buffer : { ...buffer, storage: { kind: 'input', input, offset: 0 } };
    }),
  };
};

/** Lowers a graph whose composites are all native to the backend. */
export const lower = (lowering: Lowering, capabilities: Capabilities): Plan => atOnce(lowered(lowering, capabilities));

/** The same as {@link lower}, in pieces. */
export function* lowered(lowering: Lowering, capabilities: Capabilities): Pieces<Plan> {
  const { roots, parts } = capabilities.fuses
    ? divideInputs(lowering.outputs, capabilities.alignment ?? ALIGNMENT)
    : { roots: lowering.outputs, parts: new Map<Node, Part>() };
  const outputs = ownOutputs(awaited(roots));
  const required = new Set(outputs.filter((n) => n.dtype !== 'key'));
  const fused = yield* fuse(lowering, { roots: outputs, parts }, required, capabilities);
  const { buffers, bufferOf } = fused;
  const calls = capabilities.fuses
    ? sink(joinRegions(fused.calls, fused.waiting, buffers, capabilities.mostBuffers), buffers)
    : fused.calls;
  yield;
  const donation = donate(lowering, buffers, calls);
  const placed = layout(donation.buffers, calls, capabilities.alignment);
  return {
    buffers: placed.buffers,
    calls,
    arenaElements: placed.arenaElements,
    inputs: lowering.inputs.map((n, i): PlanInput => ({
      path: pathOf(n) ?? '',
      shape: n.shape,
      dtype: n.dtype,
      donatedTo: donation.taken.has(i) ? lowering.donations[i]! : null,
      donated: lowering.donated[i]!,
    })),
    outputs: outputs.map((n): PlanOutput =>
      n.dtype === 'key'
        ? { kind: 'key', key: keyExpression(n, lowering.inputs) }
        : { kind: 'buffer', view: denseView(n, bufferOf(n)!) },
    ),
  };
}
