import { type Composite, type CompositeOptions, type Node, node } from '../node.js';

/** Applies a composite: the result has the shape and dtype of its decomposition. */
export const composite = (
  definition: Composite,
  inputs: readonly Node[],
  options: CompositeOptions = {},
): Node => {
  const { shape, dtype } = definition.decompose(inputs, options);
  return node('composite', inputs, { composite: definition, options }, shape, dtype);
};

/** A composite's decomposition over the inputs of a node. */
export const decomposition = (n: Node): Node =>
  n.op === 'composite' ? n.attributes.composite.decompose(n.inputs, n.attributes.options) : n;
