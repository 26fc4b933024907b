/** Graphs of one example as graphs of a batch, from graph to graph. */
import { type Node, reachable, withInputs } from '../graph/node.js';
import { broadcast, expandDims, reshape, transpose } from '../primitives/index.js';
import type { BatchBuild, Operand } from '../primitives/primitive.js';
import { build, primitiveOf } from '../primitives/table.js';

/** An operand with the leading axis, repeated along it if it had none. */
export const spread = ({ node, mapped }: Operand, extent: number): Node =>
  mapped ? node : broadcast(expandDims(node, [0]), [extent, ...node.shape]);

/** One axis at another place: a view alone where it passes nothing but axes of extent 1. */
const moveAxis = (x: Node, from: number, to: number): Node => {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  const passed = from < to ? x.shape.slice(from + 1, to + 1) : x.shape.slice(to, from);
  return passed.every((d) => d === 1) || x.shape[from] === 1
    ? reshape(x, order.map((axis) => x.shape[axis]!)) // prettier-ignore
    : transpose(x, order);
};

/**
 * Rebuilds a graph for a batch of `extent` examples: where `images` have a leading axis of that extent, so has what
 * depends on their nodes.
 */
export const batched: BatchBuild['batched'] = (roots, images, extent) => {
  const done = new Map(images);
  for (const n of reachable(roots, images.keys())) {
    const operands = n.inputs.map((input) => done.get(input)!);
    const { vmap, awaits } = primitiveOf(n);
    const own = awaits ? operands.slice(0, 1) : operands; // a node that waits for a batch is not one
    done.set(
      n,
      vmap !== null && own.some(({ mapped }) => mapped)
        ? { node: vmap(n, operands, extent, batchBuild), mapped: true }
        : { node: withInputs(n, operands.map(({ node }) => node)), mapped: false }, // prettier-ignore
    );
  }
  return roots.map((root) => done.get(root)!);
};

const batchBuild: BatchBuild = { ...build, spread, moveAxis, batched };
