/**
 * Counts the forward values that a training step must keep, from the graph of the loss and the rules of
 * differentiation: the forward values that the cotangents of each node's inputs depend on.
 * Does not use the planner.
 */
import { cotangents } from '../src/dsl/transforms/differentiate.js';
import { type Node, reachable } from '../src/dsl/graph/node.js';
import { sizeOf } from '../src/internal/numbers.js';
import { full } from '../src/dsl/primitives/index.js';

const MOVEMENT = new Set([
  'reshape',
  'transpose',
  'broadcast',
  'slice',
  'flip',
  'stopGradient',
  'stored',
  'after',
  'cast',
]);

/** The node that owns the numbers: movements need no memory of their own. */
const numbersOf = (n: Node): Node => (MOVEMENT.has(n.op) ? numbersOf(n.inputs[0]!) : n);

/** The total size of the distinct forward values that the gradient rules of a loss read. */
export const activationElements = (loss: Node, parameters: ReadonlySet<Node>): number => {
  const forward = reachable([loss]);
  const isForward = new Set(forward);
  const active = new Set<Node>(parameters);
  for (const n of forward) if (n.dtype === 'float32' && n.inputs.some((input) => active.has(input))) active.add(n);
  const read = new Set<Node>();
  for (const n of forward) {
    if (!active.has(n) || n.inputs.length === 0) continue;
    cotangents(n, full(1, n.shape)).forEach((cotangent, i) => {
      if (cotangent === null || !active.has(n.inputs[i]!)) return;
      for (const one of reachable([cotangent], new Set(forward)))
        for (const input of one.inputs) if (isForward.has(input)) read.add(numbersOf(input));
      if (isForward.has(cotangent)) read.add(numbersOf(cotangent));
    });
  }
  return [...read]
    .filter((n) => !parameters.has(n) && n.op !== 'input' && n.op !== 'constant' && n.dtype !== 'key')
    .reduce((elements, n) => elements + sizeOf(n.shape), 0);
};
