/**
 * Counts what a training step must keep from its forward pass, from the graph of the loss and the rules of
 * differentiation alone: the forward values that the cotangents of each node's inputs are made of.
 * Nothing of the planner is used.
 */
import { cotangents } from '../src/dsl/differentiate.js';
import { type Node, reachable, sizeOf } from '../src/dsl/node.js';
import { full } from '../src/dsl/primitives/index.js';

const MOVEMENT = new Set([
  'reshape',
  'transpose',
  'broadcast',
  'slice',
  'flip',
  'stopGradient',
  'barrier',
  'cast',
]);

/** The node whose numbers these are: what only moves them costs no memory of its own. */
const numbersOf = (n: Node): Node => (MOVEMENT.has(n.op) ? numbersOf(n.inputs[0]!) : n);

/** The elements of the distinct forward values that the gradient rules below a loss read. */
export const activationElements = (loss: Node, parameters: ReadonlySet<Node>): number => {
  const forward = reachable([loss]);
  const isForward = new Set(forward);
  const active = new Set<Node>(parameters);
  for (const n of forward)
    if (n.dtype === 'float32' && n.inputs.some((input) => active.has(input))) active.add(n);
  const read = new Set<Node>();
  for (const n of forward) {
    if (!active.has(n) || n.inputs.length === 0) continue;
    cotangents(n, full(1, n.shape)).forEach((cotangent, i) => {
      if (cotangent === null || !active.has(n.inputs[i]!)) return;
      for (const made of reachable([cotangent], forward))
        for (const input of made.inputs) if (isForward.has(input)) read.add(numbersOf(input));
      if (isForward.has(cotangent)) read.add(numbersOf(cotangent));
    });
  }
  return [...read]
    .filter((n) => !parameters.has(n) && n.op !== 'input' && n.op !== 'constant' && n.dtype !== 'key')
    .reduce((elements, n) => elements + sizeOf(n.shape), 0);
};
