/** Broadcasts that are left to the kernels which read them: tfjs's arithmetic repeats axes of extent 1 by itself. */
import { sizeOf } from '../../../dsl/node.js';
import type { Call, Plan, View } from '../../../dsl/plan.js';
import { broadcasts } from './elementwise.js';

type LibraryCall = Extract<Call, { kind: 'library' }>;
type Shape = readonly number[];

/** The shape that operands have together: those of extent 1 are repeated, and axes put before. */
const together = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  const extent = (shape: Shape, i: number): number => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => Math.max(extent(a, i), extent(b, i)));
};

const isArithmetic = (call: Call): call is LibraryCall =>
  call.kind === 'library' &&
  call.node.op === 'binary' &&
  broadcasts(call.node.attributes.fn, call.inputs[0]!.dtype);

/** Whether a call gives its operand in another shape, which arithmetic need not see. */
const isRepetition = (call: Call): call is LibraryCall =>
  call.kind === 'library' &&
  (call.node.op === 'broadcast' ||
    // a number is a number in any shape
    (call.node.op === 'reshape' && sizeOf(call.output.shape) === 1));

/** The buffers of a plan (lowered without fusing) that hold their operand as it is, unrepeated. */
export const lazyBroadcasts = (plan: Plan): ReadonlySet<number> => {
  const readers = new Map<number, Call[]>();
  for (const call of plan.calls)
    if (call.kind === 'library')
      for (const { buffer } of call.inputs) readers.set(buffer, [...(readers.get(buffer) ?? []), call]);

  /** The shapes of what is read unrepeated, by its buffer. */
  const kept = new Map<number, Shape>();
  const shapeOf = ({ buffer, shape }: View): Shape => kept.get(buffer) ?? shape;
  const fills = ({ inputs: [a, b], output }: LibraryCall): boolean =>
    together(shapeOf(a!), shapeOf(b!)).join() === output.shape.join();

  // from the end, so that what reads a repetition is decided before it
  const candidates = new Set<number>();
  for (const call of [...plan.calls].reverse()) {
    if (!isRepetition(call) || plan.buffers[call.output.buffer]!.storage.kind !== 'arena') continue;
    const reading = readers.get(call.output.buffer) ?? [];
    if (reading.every((reader) => isArithmetic(reader) || candidates.has(outputOf(reader))))
      candidates.add(call.output.buffer);
  }

  // in order, so that what a repetition repeats is known; it stays one where a reader's result would lack axes
  for (const call of plan.calls) {
    if (!isRepetition(call) || !candidates.has(call.output.buffer)) continue;
    const { buffer } = call.output;
    kept.set(buffer, shapeOf(call.inputs[0]!));
    const reading = readers.get(buffer) ?? [];
    if (!reading.every((reader) => !isArithmetic(reader) || fills(reader))) kept.delete(buffer);
  }
  return new Set(kept.keys());
};

const outputOf = (call: Call): number => (call.kind === 'library' ? call.output.buffer : -1);
