import { showShape } from '../../errors.js';
import { type Node, reachable } from '../../graph/node.js';
import { primitiveOf } from '../../primitives/table.js';

/**
 * Checks that each node has the shape and dtype that its constructor computes, and is deeper than its inputs. Runs after
 * each pass on the new nodes; the `known` nodes were verified before. Returns all verified nodes. Throws a plain `Error`,
 * as a malformed node is a defect of noisefold.
 */
export const verify = (pass: string, roots: readonly Node[], known: readonly Node[] = []): readonly Node[] => {
  const made = reachable(roots, known);
  for (const n of made) {
    const { shape, dtype } = primitiveOf(n).rebuild(n);
    const isSame = dtype === n.dtype && showShape(shape) === showShape(n.shape);
    if (!isSame || n.inputs.some((input) => input.depth >= n.depth))
      throw new Error(
        `noisefold: pass '${pass}' made a malformed ${n.op}: ${n.dtype} ${showShape(n.shape)}, should be ${dtype} ${showShape(shape)}`,
      );
  }
  return [...known, ...made];
};
