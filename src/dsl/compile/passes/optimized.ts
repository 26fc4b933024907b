import { type Node, reachable } from '../../graph/node.js';
import { checkInputs } from './checkInputs.js';
import { checkKeys } from './checkKeys.js';
import { decompose } from '../../composites/decompose.js';
import { foldEmpty } from './foldEmpty.js';
import { share } from './share.js';
import { simplify } from './simplify.js';
import { verify } from './verify.js';

/** A graph and the nodes that were verified so far. */
interface Verified {
  readonly roots: readonly Node[];
  readonly nodes: readonly Node[];
}

/**
 * Checks the graph, and runs all passes in order, each verified. `native` names the composites that the backend has a
 * kernel for. Raises `ConfigError` and `KeyReused`.
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
    ['foldEmpty', foldEmpty],
    ['simplify', simplify],
    ['share', share],
  ];
  return passes.reduce<Verified>(
    ({ roots: before, nodes }, [name, pass]) => {
      const after = pass(before);
      return { roots: after, nodes: verify(name, after, nodes) };
    },
    { roots, nodes: traced }, // the constructors of the primitives have verified them
  ).roots;
};
