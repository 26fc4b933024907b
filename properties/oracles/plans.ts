/** Plans made by hand, without the passes of the compiler, for tests of backends. */
import type { Backend, HostArray, Slot } from '../../src/dsl/plan/backend.js';
import type { NoisefoldError } from '../../src/internal/errors.js';
import { type Node, reachable } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import type { Buffer, Call, KeyExpression, LibraryNode, Plan, View } from '../../src/dsl/plan/plan.js';
import type { NumberType } from '../../src/dsl/graph/region.js';
import { E, type either } from '../../src/internal/fp.js';

const rowMajor = (shape: readonly number[]): readonly number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** A dense view of a whole buffer. */
export const whole = (buffer: number, shape: readonly number[], dtype: NumberType = 'float32'): View => ({
  buffer,
  offset: 0,
  shape,
  strides: rowMajor(shape),
  dtype,
});

export const ORIGIN = { place: '', label: 'test' };

/** The value of a `Right`; a test that gets a `Left` fails with its message. */
export const valueOf = <A>(result: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message);
  return result.right;
};

const keyOf = (n: Node, inputs: readonly Node[]): KeyExpression => {
  if (n.op !== 'deriveKey') return { input: inputs.indexOf(n), words: [] };
  const { input, words } = keyOf(n.inputs[0]!, inputs);
  return { input, words: [...words, n.attributes.words] };
};

/** Each primitive as one library call, each result with its own memory. Inputs are in order of appearance. */
export const unfused = (roots: readonly Node[]): Plan => {
  const nodes = reachable(roots).filter((n) => n.dtype !== 'key' || n.op === 'input');
  const inputs: readonly Node[] = nodes.filter((n) => n.op === 'input');
  const buffers: Buffer[] = [];
  const calls: Call[] = [];
  const views = new Map<Node, View>();
  let arenaElements = 0;
  const viewOf = (n: Node): View => views.get(n)!;

  for (const n of nodes) {
    if (n.dtype === 'key') continue;
    const elements = sizeOf(n.shape);
    const output = roots.indexOf(n);
    const input = inputs.indexOf(n);
    const storage: Buffer['storage'] =
      input >= 0
        ? { kind: 'input', input, offset: 0 }
        : n.op === 'constant'
          ? { kind: 'constant', data: n.attributes.data }
          : output >= 0
            ? { kind: 'output', output }
            : { kind: 'arena', offset: arenaElements };
    if (storage.kind === 'arena') arenaElements += elements;
    const view = whole(buffers.push({ elements, dtype: n.dtype, storage }) - 1, n.shape, n.dtype);
    views.set(n, view);
    if (n.op === 'random')
      calls.push({
        origin: ORIGIN,
        kind: 'random',
        distribution: n.attributes.distribution,
        key: keyOf(n.inputs[0]!, inputs),
        output: view,
      });
    else if (n.op !== 'input' && n.op !== 'constant')
      calls.push({
        origin: ORIGIN,
        kind: 'library',
        node: { op: n.op, attributes: n.attributes } as LibraryNode, // both are of one node, so they belong together
        inputs: n.inputs.map(viewOf),
        output: view,
      });
  }
  return {
    buffers,
    calls,
    arenaElements,
    inputs: inputs.map((n) => ({
      path: n.op === 'input' ? n.attributes.path : '',
      shape: n.shape,
      dtype: n.dtype,
      donatedTo: null,
      donated: false,
    })),
    outputs: roots.map((n) => ({ kind: 'buffer', view: viewOf(n) })),
  };
};

/** Compiles a plan, runs it once on numbers from the host, and frees all memory. */
export const runPlan = async (
  backend: Backend,
  plan: Plan,
  inputs: readonly (HostArray | readonly [number, number])[],
): Promise<readonly HostArray[]> => {
  const runner = valueOf(await backend.compile(plan)());
  const slots: Slot[] = [];
  for (const [i, input] of inputs.entries()) {
    const dtype = plan.inputs[i]!.dtype;
    slots.push(
      dtype === 'key'
        ? (input as readonly [number, number])
        : valueOf(await backend.upload(input as HostArray, dtype)()),
    );
  }
  const outputs = valueOf(await runner.run(slots)());
  const results: HostArray[] = [];
  for (const slot of outputs) if ('dtype' in slot) results.push(valueOf(await backend.read(slot)()));
  for (const slot of [...slots, ...outputs]) if ('dtype' in slot) backend.release(slot)();
  runner.release();
  return results;
};
