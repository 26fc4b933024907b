/** The calls that fill the buffers of nodes without regions. */
import { type Anchor, type Node, operandOf } from '../../graph/node.js';
import { drawOf, labelOf, loweringAs, wordsOf } from '../../primitives/rules/table.js';
import type { Capabilities } from '../../plan/backend.js';
import type { Call, KeyExpression, LibraryNode, View } from '../../plan/plan.js';
import { denseView, type PlanBuffers, viewIn } from './buffers.js';
import { classOf } from './classes.js';
import { originsOf } from './origin.js';

/** The input and the words that a key is derived from. */
export const keyExpression = (key: Node, inputs: readonly Node[]): KeyExpression => {
  const own = wordsOf(key);
  if (own === null) return { input: inputs.indexOf(key), words: [] };
  const { input, words } = keyExpression(operandOf(key), inputs);
  return { input, words: [...words, own] };
};

const anchorOf = (n: Node): Anchor => {
  const anchor = loweringAs(n, 'anchor')?.anchor(n) ?? null;
  if (anchor === null) throw new Error(`noisefold: there is no anchor for ${labelOf(n)}`);
  return anchor;
};

/** An anchor with its scratch memory, which it adds to the buffers. */
const anchorCall = (n: Node, output: View, planned: PlanBuffers, { scratchElements }: Capabilities): Call => {
  const inputs = n.inputs.map(viewIn(planned));
  const call = { kind: 'anchor', origin: originsOf(n)(), anchor: anchorOf(n), inputs, output, scratch: null } as const;
  const elements = scratchElements(call);
  if (elements === 0) return call;
  const buffer = planned.buffers.push({ elements, dtype: 'float32', storage: { kind: 'arena', offset: 0 } }) - 1;
  return { ...call, scratch: { buffer, offset: 0, shape: [elements], strides: [1], dtype: 'float32' } };
};

/** The call that fills the buffer of a node; null for a node that regions fill. */
export const callOf = (
  n: Node,
  inputs: readonly Node[],
  planned: PlanBuffers,
  capabilities: Capabilities,
): Call | null => {
  const output = denseView(n, planned.bufferOf(n)!);
  const kind = classOf(n);
  const distribution = drawOf(n);
  if (distribution !== null) {
    const key = keyExpression(operandOf(n), inputs);
    return { kind: 'random', origin: originsOf(n)(), distribution, key, output };
  }
  if (kind === 'library' || !capabilities.fuses) {
    // drops the graph of the node: a call needs only its name and attributes
    const library = { op: n.op, attributes: n.attributes } as LibraryNode;
    return { kind: 'library', origin: originsOf(n)(), node: library, inputs: n.inputs.map(viewIn(planned)), output };
  }
  return kind === 'anchor' ? anchorCall(n, output, planned, capabilities) : null;
};
