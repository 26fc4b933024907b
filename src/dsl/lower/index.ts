/** From a graph of primitives and native composites to a plan. */
import type { Capabilities } from '../backend.js';
import { filterGradientOptionsOf } from '../composites/index.js';
import { labelOf, type Node, placeOf, reachable, sizeOf } from '../node.js';
import type {
  Anchor,
  Buffer,
  Call,
  KeyExpression,
  LibraryNode,
  Origin,
  Plan,
  PlanInput,
  PlanOutput,
  View,
} from '../plan.js';
import type { NumberType } from '../region.js';
import { classOf } from './classes.js';
import { inPlace, layout, readsOf, writesOf } from './layout.js';
import { denseStrides } from './loops.js';
import { materialize } from './materialize.js';
import { regionsOf } from './regions.js';
import { joinRegions, sink } from './schedule.js';
import { viewOf } from './views.js';

export interface Lowering {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** For each input the output that may take over its memory, or null. */
  readonly donations: readonly (number | null)[];
  /** For each input, whether its memory is given up. */
  readonly donated: readonly boolean[];
}

const numberType = (n: Node): NumberType => {
  if (n.dtype === 'key') throw new Error('noisefold: a key has no buffer');
  return n.dtype;
};

const keyExpression = (key: Node, inputs: readonly Node[]): KeyExpression => {
  if (key.op !== 'deriveKey') return { input: inputs.indexOf(key), words: [] };
  const { input, words } = keyExpression(key.inputs[0]!, inputs);
  return { input, words: [...words, key.attributes.words] };
};

const anchorOf = (n: Node): Anchor => {
  if (n.op === 'conv2d') return { op: 'conv2d', attributes: n.attributes };
  if (n.op === 'composite' && n.attributes.composite.name === 'filterGradient')
    return { op: 'filterGradient', attributes: filterGradientOptionsOf(n.attributes.options).attributes };
  if (n.op === 'dot') return { op: 'dot' };
  throw new Error(`noisefold: no anchor carries out ${n.op}`);
};

const originOf = (n: Node): Origin => ({ place: placeOf(n), label: labelOf(n) });

/** Outputs in buffers of their own: an input, a constant, or what another output is too, is copied. */
const ownOutputs = (outputs: readonly Node[]): readonly Node[] =>
  outputs.map((n, i) =>
    n.dtype !== 'key' && (classOf(n) === 'source' || n.op === 'constant' || outputs.indexOf(n) < i)
      ? { ...n, op: 'barrier', inputs: [n], attributes: {}, depth: n.depth + 1 }
      : n,
  );

/** Which nodes are stored, and the regions that fill those that are filled by regions. */
interface Fused {
  readonly order: readonly Node[];
  readonly stored: ReadonlySet<Node>;
  readonly buffers: readonly Buffer[];
  readonly bufferOf: (n: Node) => number | undefined;
  readonly calls: readonly Call[];
}

const storageOf = (n: Node, { inputs }: Lowering, outputs: readonly Node[]): Buffer['storage'] => {
  if (n.op === 'constant') return { kind: 'constant', data: n.attributes.data };
  if (inputs.includes(n)) return { kind: 'input', input: inputs.indexOf(n) };
  const output = outputs.indexOf(n);
  return output >= 0 ? { kind: 'output', output } : { kind: 'arena', offset: 0 };
};

const denseView = (n: Node, buffer: number): View => ({
  buffer,
  offset: 0,
  shape: n.shape,
  strides: denseStrides(n.shape),
  dtype: numberType(n),
});

/** One attempt at fusing; what it finds no index arithmetic for comes back to be required. */
const attempt = (
  lowering: Lowering,
  outputs: readonly Node[],
  required: ReadonlySet<Node>,
  capabilities: Capabilities,
): Fused | { readonly unindexable: readonly Node[] } => {
  const order = reachable([...outputs, ...lowering.inputs]);
  const isSource = (n: Node): boolean => classOf(n) === 'source';
  const stored = capabilities.fuses
    ? materialize(order, required)
    : new Set(order.filter((n) => n.dtype !== 'key' && !isSource(n)));

  const buffers: Buffer[] = [];
  const numbers = new Map<Node, number>();
  const allocate = (n: Node): void => {
    numbers.set(
      n,
      buffers.push({
        elements: sizeOf(n.shape),
        dtype: numberType(n),
        storage: storageOf(n, lowering, outputs),
      }) - 1,
    );
  };
  for (const n of order) if (stored.has(n) || (isSource(n) && n.dtype !== 'key')) allocate(n);
  const bufferOf = (n: Node): number | undefined => numbers.get(n);
  const viewed = (n: Node): View => {
    const view = viewOf(n, (x) => numbers.has(x));
    const buffer = view === null ? undefined : bufferOf(view.base);
    if (view === null || buffer === undefined) throw new Error(`noisefold: ${n.op} should have been stored`);
    return { buffer, offset: view.offset, shape: n.shape, strides: view.strides, dtype: numberType(n) };
  };

  const unindexable: Node[] = [];
  const callsOf = (n: Node): readonly Call[] => {
    const origin = originOf(n);
    const output = denseView(n, bufferOf(n)!);
    const kind = classOf(n);
    if (n.op === 'random')
      return [
        {
          kind: 'random',
          origin,
          distribution: n.attributes.distribution,
          key: keyExpression(n.inputs[0]!, lowering.inputs),
          output,
        },
      ];
    if (kind === 'library' || !capabilities.fuses) {
      // the node carries its graph along; a call needs its name and attributes alone
      const library = { op: n.op, attributes: n.attributes } as LibraryNode;
      return [{ kind: 'library', origin, node: library, inputs: n.inputs.map(viewed), output }];
    }
    if (kind === 'anchor') {
      const call = {
        kind: 'anchor',
        origin,
        anchor: anchorOf(n),
        inputs: n.inputs.map(viewed),
        output,
        scratch: null,
      } as const;
      const elements = capabilities.scratchElements(call);
      if (elements === 0) return [call];
      const storage = { kind: 'arena', offset: 0 } as const;
      const buffer = buffers.push({ elements, dtype: 'float32', storage }) - 1;
      return [{ ...call, scratch: { buffer, offset: 0, shape: [elements], strides: [1], dtype: 'float32' } }];
    }
    const built = regionsOf(n, output.buffer, { bufferOf });
    unindexable.push(...built.unindexable);
    return built.regions.map((region) => ({ kind: 'region', origin, region }));
  };
  const calls = order
    .filter((n) => stored.has(n) && n.op !== 'constant') // its data are there from the start
    .sort((a, b) => a.depth - b.depth)
    .flatMap(callsOf);
  return unindexable.length > 0 ? { unindexable } : { order, stored, buffers, bufferOf, calls };
};

/** Gives the outputs the memory of donated inputs, where nobody reads the input afterwards. */
const donate = (
  { donations }: Lowering,
  buffers: readonly Buffer[],
  calls: readonly Call[],
): { readonly buffers: readonly Buffer[]; readonly taken: ReadonlySet<number> } => {
  const taken = new Set<number>();
  const bufferWhere = (test: (b: Buffer) => boolean): number => buffers.findIndex(test);
  const moved = new Map<number, number>();
  donations.forEach((output, input) => {
    if (output === null) return;
    const to = bufferWhere((b) => b.storage.kind === 'output' && b.storage.output === output);
    const from = bufferWhere((b) => b.storage.kind === 'input' && b.storage.input === input);
    if (to < 0 || from < 0) return;
    const written = calls.findIndex((call) => writesOf(call).includes(to));
    const last = calls.findLastIndex((call) => readsOf(call).includes(from));
    if (last < written || (last === written && inPlace(calls[written]!, from, to))) {
      taken.add(input);
      moved.set(to, input);
    }
  });
  return {
    taken,
    buffers: buffers.map((b, i) =>
      moved.has(i) ? { ...b, storage: { kind: 'input', input: moved.get(i)! } } : b,
    ),
  };
};

/** Lowers a graph whose composites are all native to the backend. */
export const lower = (lowering: Lowering, capabilities: Capabilities): Plan => {
  const outputs = ownOutputs(lowering.outputs);
  const numberOutputs = outputs.filter((n) => n.dtype !== 'key');
  const required = new Set<Node>(numberOutputs);
  let fused = attempt(lowering, outputs, required, capabilities);
  while ('unindexable' in fused) {
    for (const n of fused.unindexable) required.add(n);
    fused = attempt(lowering, outputs, required, capabilities);
  }
  const { buffers, bufferOf } = fused;
  const inArena = (b: number): number => (buffers[b]!.storage.kind === 'arena' ? buffers[b]!.elements : 0);
  const calls = capabilities.fuses ? sink(joinRegions(fused.calls), inArena) : fused.calls;
  const donation = donate(lowering, buffers, calls);
  const placed = layout(donation.buffers, calls);
  return {
    buffers: placed.buffers,
    calls,
    arenaElements: placed.arenaElements,
    inputs: lowering.inputs.map((n, i): PlanInput => ({
      path: n.op === 'input' ? n.attributes.path : '',
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
};
