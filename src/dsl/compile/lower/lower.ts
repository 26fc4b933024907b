/** Lowers a graph of primitives and native composites to a plan. */
import { atOnce, type Pieces } from '../../../internal/stop.js';
import { type Node, pathOf, reachable, rewrite } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import * as nodes from '../../primitives/index.js';
import { primitiveOf } from '../../primitives/rules/table.js';
import type { Capabilities } from '../../plan/backend.js';
import type { Buffer, Call, Plan, PlanInput, PlanOutput } from '../../plan/plan.js';
import { denseView, planBuffers } from './buffers.js';
import { callOf, keyExpression } from './calls.js';
import { classOf, isSource, waits } from './classes.js';
import { donate } from './donate.js';
import { ALIGNMENT, layout } from './layout.js';
import { materialize } from './materialize.js';
import { joinRegions } from './mergeRegions.js';
import { originsOf } from './origin.js';
import { type Divided, divideInputs, type Part } from './parts.js';
import { regionsOf } from './regions.js';
import { sink } from './sink.js';

export interface Lowering {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
  /** For each input, the output that may reuse its memory, or null. */
  readonly donations: readonly (number | null)[];
  /** For each input, true if it is donated. */
  readonly donated: readonly boolean[];
}

/** Removes the operands that a node only waits for. Keeps its depth, which is enough to delay it. */
const awaited = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => (primitiveOf(n).awaits ? ({ ...n, inputs: n.inputs.slice(0, 1) } as Node) : n));

/** Gives each output its own buffer: copies inputs, constants, and repeated outputs. */
const ownOutputs = (outputs: readonly Node[]): readonly Node[] =>
  outputs.map((n, i) => (n.dtype !== 'key' && (isSource(n) || outputs.indexOf(n) < i) ? nodes.stored(n) : n));

/** A fused graph: its stored nodes, their buffers, and the calls that fill them. */
interface Fused {
  readonly buffers: readonly Buffer[];
  readonly bufferOf: (n: Node) => number | undefined;
  readonly calls: readonly Call[];
  /** The regions that must not move to an earlier position. */
  readonly waiting: ReadonlySet<Call>;
}

/** Fuses a graph. Stores the `required` nodes, and those that a reshape without index arithmetic needs. */
function* fuse(
  lowering: Lowering,
  divided: Divided,
  required: ReadonlySet<Node>,
  capabilities: Capabilities,
): Pieces<Fused> {
  const order = reachable([...divided.roots, ...lowering.inputs]);
  const inMemory = capabilities.fuses
    ? materialize(order, required, capabilities.mostBuffers)
    : new Set(order.filter((n) => n.dtype !== 'key' && classOf(n) !== 'source'));
  yield;

  const planned = planBuffers(lowering.inputs, divided, order, inMemory, capabilities);
  const { buffers, bufferOf } = planned;
  const calls: Call[] = [];
  const unindexable: Node[] = [];
  const waiting = new Set<Call>();
  const fill = (n: Node): void => {
    if (sizeOf(n.shape) === 0) return;
    const own = callOf(n, lowering.inputs, planned, capabilities);
    if (own !== null) return void calls.push(own);
    const originOf = originsOf(n);
    for (const { region, parts, unindexable: more } of regionsOf(n, bufferOf(n)!, planned)) {
      const call = { kind: 'region', origin: originOf(parts), region } as const;
      calls.push(call);
      unindexable.push(...more);
      if (parts.some(waits)) waiting.add(call);
    }
  };
  const filled = order.filter((n) => inMemory.has(n) && !isSource(n)); // sources need no call
  for (const n of filled.sort((a, b) => a.depth - b.depth)) {
    fill(n);
    yield;
  }
  return unindexable.length > 0
    ? yield* fuse(lowering, divided, new Set([...required, ...unindexable]), capabilities)
    : { buffers, bufferOf, calls, waiting };
}

/** Lowers a graph whose composites are all native to the backend. */
export const lower = (lowering: Lowering, capabilities: Capabilities): Plan => atOnce(lowered(lowering, capabilities));

/** Lowers as {@link lower} does, in pieces, so that the caller can pause between them. */
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
  const donation = donate(lowering.donations, buffers, calls);
  const memory = layout(donation.buffers, calls, capabilities.alignment);
  return {
    buffers: memory.buffers,
    calls,
    arenaElements: memory.arenaElements,
    inputs: lowering.inputs.map((n, i): PlanInput => ({
      path: pathOf(n) ?? '',
      shape: n.shape,
      dtype: n.dtype,
      donatedTo: donation.inputs.has(i) ? lowering.donations[i]! : null,
      donated: lowering.donated[i]!,
    })),
    outputs: outputs.map((n): PlanOutput =>
      n.dtype === 'key'
        ? { kind: 'key', key: keyExpression(n, lowering.inputs) }
        : { kind: 'buffer', view: denseView(n, bufferOf(n)!) },
    ),
  };
}
