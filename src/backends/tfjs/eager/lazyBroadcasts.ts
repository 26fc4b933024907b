/**
 * Finds broadcasts that need no kernel, because the arithmetic kernels that read them broadcast axes of extent 1
 * themselves.
 */
import { sizeOf } from '../../../internal/numbers.js';
import type { Call, Plan, View } from '../../../dsl/plan/plan.js';
import { broadcasts } from './elementwise.js';
import type { Engine } from './engine.js';

type LibraryCall = Extract<Call, { kind: 'library' }>;
type Shape = readonly number[];

/** The shape that two operands broadcast to; missing leading axes and axes of extent 1 are repeated. */
const broadcastShape = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  const extent = (shape: Shape, i: number): number => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => Math.max(extent(a, i), extent(b, i)));
};

/** Tests if a call is a single kernel, which broadcasts its operands. */
const arithmeticOn =
  ({ exact }: Engine) =>
  (call: Call): call is LibraryCall => {
    if (call.kind !== 'library' || call.node.op !== 'binary') return false;
    const [{ fn }, { dtype }] = [call.node.attributes, call.inputs[0]!];
    return broadcasts(fn, dtype) && !exact.covers(fn, dtype);
  };

/** Tests if a call only broadcasts its operand, which arithmetic kernels do themselves. */
const isLazyCandidate = (call: Call): call is LibraryCall =>
  call.kind === 'library' &&
  (call.node.op === 'broadcast' ||
    // a single element broadcasts from any shape
    (call.node.op === 'reshape' && sizeOf(call.output.shape) === 1));

/**
 * Returns the buffers that can hold the operand of their broadcast instead of its result. The plan must be lowered
 * without fusing.
 */
export const lazyBroadcasts = (plan: Plan, engine: Engine): ReadonlySet<number> => {
  const isArithmetic = arithmeticOn(engine);
  const readers = new Map<number, Call[]>();
  for (const call of plan.calls)
    if (call.kind === 'library')
      for (const { buffer } of call.inputs) readers.set(buffer, [...(readers.get(buffer) ?? []), call]);

  /** By buffer: the shape of the operand that it holds. */
  const shapes = new Map<number, Shape>();
  const shapeOf = ({ buffer, shape }: View): Shape => shapes.get(buffer) ?? shape;
  const hasPlannedShape = ({ inputs: [a, b], output }: LibraryCall): boolean =>
    broadcastShape(shapeOf(a!), shapeOf(b!)).join() === output.shape.join();

  // goes backwards, so that the readers of a broadcast are decided before it
  const candidates = new Set<number>();
  for (const call of [...plan.calls].reverse()) {
    if (!isLazyCandidate(call) || plan.buffers[call.output.buffer]!.storage.kind !== 'arena') continue;
    const callers = readers.get(call.output.buffer) ?? [];
    if (callers.every((reader) => isArithmetic(reader) || candidates.has(outputOf(reader))))
      candidates.add(call.output.buffer);
  }

  // goes forwards, so that operand shapes are known; keeps a broadcast if the result of a reader would lack axes
  // without it
  for (const call of plan.calls) {
    if (!isLazyCandidate(call) || !candidates.has(call.output.buffer)) continue;
    const { buffer } = call.output;
    shapes.set(buffer, shapeOf(call.inputs[0]!));
    const callers = readers.get(buffer) ?? [];
    if (!callers.every((reader) => !isArithmetic(reader) || hasPlannedShape(reader))) shapes.delete(buffer);
  }
  return new Set(shapes.keys());
};

const outputOf = (call: Call): number => (call.kind === 'library' ? call.output.buffer : -1);
