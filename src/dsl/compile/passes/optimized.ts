import { type Node, reachable } from '../../graph/node.js';
import { checkInputs } from './checkInputs.js';
import { checkKeys } from './checkKeys.js';
import { decompose } from '../../composites/decompose.js';
import { nothing } from './nothing.js';
import { share } from './share.js';
import { simplify } from './simplify.js';
import { verify } from './verify.js';

/** A graph, and the nodes that were found well-formed on the way to it. */
interface Verified {
  readonly roots: readonly Node[];
  readonly nodes: readonly Node[];
}

/**
 * All passes in order, each verified, over what is made of `inputs`; `native` names the composites that the backend
 * carries out itself.
 */
export const optimized = (
  roots: readonly Node[],
  inputs: readonly Node[],
  native: readonly string[],
): readonly Node[] => {
  const traced = reachable(roots);
  checkInputs(traced, inputs);
  checkKeys(traced);
  const passes: readonly (readonly [string, (roots: readonly Node[]) => readonly Node[]])[] = [
    ['decompose', (r) => decompose(r, native)],
    ['nothing', nothing],
    ['simplify', simplify],
    ['share', share],
  ];
  return passes.reduce<Verified>(
    ({ roots: before, nodes }, [name, pass]) => {
      const after = pass(before);
      return { roots: after, nodes: verify(name, after, nodes) };
    },
    { roots, nodes: traced }, // made by the primitives' constructors, which check the same
  ).roots;
};
