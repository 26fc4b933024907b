/** Constructors of nodes that mark other nodes for differentiation or lowering and have the same elements. */
import { type Composite, type CompositeOptions, type Node, node } from '../graph/node.js';

/** x, stored in a buffer. `path` is the path of the input that x decodes. */
export const stored = (x: Node, path?: string): Node =>
  node('stored', [x], path === undefined ? {} : { path }, x.shape, x.dtype);

/** x, for uses after `awaited` is computed. */
export const after = (x: Node, awaited: Node): Node => node('after', [x, awaited], {}, x.shape, x.dtype);

/** x, with derivative 0. */
export const stopGradient = (x: Node): Node => node('stopGradient', [x], {}, x.shape, x.dtype);

/** Applies a composite: the result has the shape and dtype of its decomposition. */
export const composite = <I extends readonly Node[], O extends CompositeOptions>(
  definition: Composite<I, O>,
  inputs: I,
  ...args: CompositeOptions extends O ? [options?: O] : [options: O]
): Node => {
  const options = (args[0] ?? {}) as O; // the caller gives options to a composite that requires them
  const { shape, dtype } = definition.decompose(inputs, options);
  return node('composite', inputs, { composite: definition, options }, shape, dtype);
};

/** The composite that a node applies; null for other nodes. */
export const compositeOf = (n: Node): Composite | null => (n.op === 'composite' ? n.attributes.composite : null);

/** Replaces a composite by its decomposition. Returns other nodes as they are. */
export const decomposition = (n: Node): Node =>
  n.op === 'composite' ? n.attributes.composite.decompose(n.inputs, n.attributes.options) : n;
