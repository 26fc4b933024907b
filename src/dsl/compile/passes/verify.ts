import { showShape } from '../../errors.js';
import { type Node, reachable } from '../../graph/node.js';
import { primitiveOf } from '../../primitives/table.js';

/**
 * Checks that every node of a graph has the shape and dtype that its constructor gives, and lies deeper than its
 * inputs. It runs after every pass, over what the pass has made: `known` were found well-formed before. Gives all
 * that are known now. What it throws is a defect of noisefold, not an error of the program.
 */
export const verify = (
  pass: string,
  roots: readonly Node[],
  known: readonly Node[] = [],
): readonly Node[] => {
  const made = reachable(roots, known);
  for (const n of made) {
    const { shape, dtype } = primitiveOf(n).rebuild(n);
    const same =
      dtype === n.dtype && shape.length === n.shape.length && shape.every((d, i) => d === n.shape[i]);
    if (!same || n.inputs.some((input) => input.depth >= n.depth))
      throw new Error(
        `noisefold: pass '${pass}' made a malformed ${n.op}: ${n.dtype} ${showShape(n.shape)}, should be ${dtype} ${showShape(shape)}`,
      );
  }
  return [...known, ...made];
};
