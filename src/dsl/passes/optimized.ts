import type { Node } from '../node.js';
import { checkKeys } from './checkKeys.js';
import { decompose } from './decompose.js';
import { nothing } from './nothing.js';
import { share } from './share.js';
import { simplify } from './simplify.js';
import { verify } from './verify.js';

/** All passes in order, each verified; `native` names the composites that the backend carries out itself. */
export const optimized = (roots: readonly Node[], native: readonly string[]): readonly Node[] => {
  checkKeys(roots);
  const passes: readonly (readonly [string, (roots: readonly Node[]) => readonly Node[]])[] = [
    ['decompose', (r) => decompose(r, native)],
    ['nothing', nothing],
    ['simplify', simplify],
    ['share', share],
  ];
  return passes.reduce((graph, [name, pass]) => verify(name, pass(graph)), verify('trace', roots));
};
