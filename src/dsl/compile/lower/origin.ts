/** The origins of calls, for `explain` and error messages. */
import { type Node, pathOf, placeOf } from '../../graph/node.js';
import { labelOf } from '../../primitives/table.js';
import type { Origin } from '../plan.js';
import { isMovement, isSource } from './classes.js';

/** The path of the first input that one of the nodes reads directly, or decodes; otherwise the place of the first node. */
const firstPlace = (nodes: readonly [Node, ...Node[]]): string => {
  for (const { inputs } of nodes as readonly { readonly inputs: readonly Node[] }[]) {
    const path = inputs.map(pathOf).findLast((one) => one !== null);
    if (path) return path;
  }
  return placeOf(nodes[0]);
};

/** The maximum number of operations in the label of a region. */
const MOST_NAMED = 6;

/** The origin of a stored node and the nodes computed with it, operands first. */
export const originOf = (n: Node, parts: readonly Node[] = []): Origin => {
  const all = [n, ...[...parts].reverse()] as const;
  const working = all.filter((x) => !isMovement(x) && !isSource(x));
  const labels = [...new Set((working.length > 0 ? working : [n]).map(labelOf))];
  const more = labels.length > MOST_NAMED ? ' ∘ …' : '';
  return { place: firstPlace(all), label: labels.slice(0, MOST_NAMED).join(' ∘ ') + more };
};
