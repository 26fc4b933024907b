/** A program without fusion: one plan with a call for every operation, and each result in memory. */
import type { Capabilities } from '../src/dsl/plan/backend.js';
import { lower } from '../src/dsl/compile/lower/index.js';
import { layout } from '../src/dsl/compile/lower/layout.js';
import { type Node, node, reachable, withInputs } from '../src/dsl/graph/node.js';
import { optimized } from '../src/dsl/compile/passes/optimized.js';
import { atOnce } from '../src/internal/stop.js';
import { sizeOf } from '../src/internal/numbers.js';
import type { Buffer, Call, Plan } from '../src/dsl/plan/plan.js';

const ADDRESSES = new Set(['reshape', 'transpose', 'broadcast', 'slice', 'flip', 'stored', 'after', 'stopGradient']);

/**
 * Tests whether a node has a kernel. Movements have none, because they only change how numbers are read, as in eager
 * libraries.
 */
const isStored = (n: Node): boolean => n.op !== 'input' && n.op !== 'constant' && !ADDRESSES.has(n.op);

const withBuffers = (call: Call, numbers: readonly number[]): Call => {
  if (call.kind !== 'region') throw new Error(`bench: ${call.origin.label} is not a region`);
  const { loads, stores } = call.region;
  const at = <A extends { readonly buffer: number }>(access: A): A => ({
    ...access,
    buffer: numbers[access.buffer]!,
  });
  return { ...call, region: { ...call.region, loads: loads.map(at), stores: stores.map(at) } };
};

/** Lowers an output node by node. */
export const unfusedPlan = (inputs: readonly Node[], output: Node, capabilities: Capabilities): Plan => {
  const [root] = atOnce(optimized([output], inputs, capabilities.composites)) as [Node];
  const buffers: Buffer[] = [];
  const calls: Call[] = [];
  const bufferOf = new Map<Node, number>();
  const paths: Plan['inputs'][number][] = [];
  const order = reachable([root, ...inputs]);
  const last = order.filter(isStored).at(-1)!;
  for (const n of order) {
    if (n.op === 'input') {
      const donated = { donatedTo: null, donated: false };
      const input = inputs.indexOf(n);
      bufferOf.set(n, buffers.push(bufferLike(n, { kind: 'input', input, offset: 0 })) - 1);
      paths[input] = { path: n.attributes.path, shape: n.shape, dtype: n.dtype, ...donated };
    }
    if (!isStored(n)) continue;
    const storage = n === last ? ({ kind: 'output', output: 0 } as const) : ({ kind: 'arena', offset: 0 } as const);
    bufferOf.set(n, buffers.push(bufferLike(n, storage)) - 1);
    const locals = new Map<Node, Node>();
    const asOperand = (x: Node): Node => {
      if (x.op !== 'input' && !isStored(x)) return withInputs(x, x.inputs.map(asOperand));
      const local = locals.get(x) ?? node('input', [], { path: `${locals.size}` }, x.shape, x.dtype);
      locals.set(x, local);
      return local;
    };
    const alone = withInputs(n, n.inputs.map(asOperand));
    const operands = [...locals.values()];
    const one = lower(
      {
        inputs: operands,
        outputs: [alone],
        donations: operands.map(() => null),
        donated: operands.map(() => false),
      },
      capabilities,
    );
    const originals = [...locals.keys()];
    const numbers = one.buffers.map((buffer): number => {
      if (buffer.storage.kind === 'input') return bufferOf.get(originals[buffer.storage.input]!)!;
      return buffer.storage.kind === 'output' ? bufferOf.get(n)! : buffers.push(buffer) - 1;
    });
    calls.push(...one.calls.map((call) => withBuffers(call, numbers)));
  }
  const memory = layout(buffers, calls, capabilities.alignment);
  const strides = root.shape.map((_, axis) => sizeOf(root.shape.slice(axis + 1)));
  const view = {
    buffer: bufferOf.get(last)!,
    offset: 0,
    shape: root.shape,
    strides,
    dtype: 'float32',
  } as const;
  return { ...memory, calls, inputs: paths, outputs: [{ kind: 'buffer', view }] };
};

const bufferLike = (n: Node, storage: Buffer['storage']): Buffer => ({
  elements: sizeOf(n.shape),
  dtype: 'float32',
  storage,
});
