/** Vectorizes graphs: converts the graph of one example to the graph of a batch. */
import { type Node, reachable, withInputs } from '../graph/node.js';
import { broadcast, expandDims, reshape, transpose } from '../primitives/index.js';
import type { BatchBuild, Operand } from '../primitives/primitive.js';
import { build, primitiveOf } from '../primitives/table.js';

/** Gives an operand the leading axis of a batch, if it has none, by repeating it. */
export const spread = ({ node, mapped }: Operand, extent: number): Node =>
  mapped ? node : broadcast(expandDims(node, [0]), [extent, ...node.shape]);

/** Moves an axis; a reshape is enough if it only passes axes of extent 1. */
const moveAxis = (x: Node, from: number, to: number): Node => {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  const passed = from < to ? x.shape.slice(from + 1, to + 1) : x.shape.slice(to, from);
  return passed.every((d) => d === 1) || x.shape[from] === 1
    ? reshape(x, order.map((axis) => x.shape[axis]!)) // prettier-ignore
    : transpose(x, order);
};

/**
 * Rebuilds a graph for a batch of `extent` examples. `images` gives the nodes with a leading axis; the nodes that depend on
 * them get one too.
 */
export const batched: BatchBuild['batched'] = (roots, images, extent) => {
  const done = new Map(images);
  for (const n of reachable(roots, images.keys())) {
    const operands = n.inputs.map((input) => done.get(input)!);
    const { vmap, awaits } = primitiveOf(n);
    const own = awaits ? operands.slice(0, 1) : operands; // waiting for a batch does not make a node one
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
