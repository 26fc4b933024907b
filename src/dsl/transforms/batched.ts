/** Vectorizes graphs: converts the graph of one example to the graph of a batch. */
import { reachable, withInputs } from '../graph/node.js';
import type { Batched } from '../primitives/primitive.js';
import { primitiveOf } from '../primitives/table.js';

/**
 * Rebuilds a graph for a batch of `extent` examples. `images` gives the nodes with a leading axis; the nodes that depend on
 * them get one too.
 */
export const batched: Batched = (roots, images, extent) => {
  const done = new Map(images);
  for (const n of reachable(roots, images.keys())) {
    const operands = n.inputs.map((input) => done.get(input)!);
    const { vmap, awaits } = primitiveOf(n);
    const own = awaits ? operands.slice(0, 1) : operands; // waiting for a batch does not make a node one
    done.set(
      n,
      vmap !== null && own.some(({ mapped }) => mapped)
        ? { node: vmap(n, operands, extent, batched), mapped: true }
        : { node: withInputs(n, operands.map(({ node }) => node)), mapped: false }, // prettier-ignore
    );
  }
  return roots.map((root) => done.get(root)!);
};
