/** The origins of calls, for `explain` and error messages. */
import { type Node, pathOf, placeOf } from '../../graph/node.js';
import { labelOf } from '../../primitives/rules/table.js';
import type { Origin } from '../../plan/plan.js';
import { isMovement, isSource } from './classes.js';

/**
 * Finds the path of the last operand of a node that is an input of the program; null if there is no such operand, or if
 * the input has no name.
 */
const inputPath = ({ inputs }: Node): string | null => {
  const input = (inputs as readonly Node[]).findLast((x) => pathOf(x) !== null);
  return (input && pathOf(input)) || null;
};

/** The maximum number of operations in the label of a region. */
const MOST_NAMED = 6;

/**
 * Names the origins of the calls that fill a stored node. A call may compute other nodes too: `parts`, operands first. Its place
 * is the path of an input that the stored node reads, otherwise of one that a part reads, otherwise the place of the stored node.
 * Searches the operands of the stored node only once, because thousands of calls may fill one concatenation.
 */
export const originsOf = (n: Node): ((parts?: readonly Node[]) => Origin) => {
  const own = inputPath(n);
  const fallback = placeOf(n);
  return (parts = []) => {
    const others = [...parts].reverse();
    const working = [n, ...others].filter((x) => !isMovement(x) && !isSource(x));
    const labels = [...new Set((working.length > 0 ? working : [n]).map(labelOf))];
    const more = labels.length > MOST_NAMED ? ' ∘ …' : '';
    const place = own ?? others.map(inputPath).find((path) => path !== null) ?? fallback;
    return { place, label: labels.slice(0, MOST_NAMED).join(' ∘ ') + more };
  };
};
