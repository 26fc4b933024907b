import { raise } from '../../errors.js';
import { type Node, pathOf } from '../../graph/node.js';
import { drawOf, wordsOf } from '../../primitives/table.js';

/** The name of a key in errors. */
const nameOf = (key: Node): string => {
  if (wordsOf(key) !== null) return `a fork of ${nameOf(key.inputs[0]!)}`;
  const path = pathOf(key);
  return path === null ? key.op : `key '${path}'`;
};

/** The identity of a key: its input and the words folded into it. */
const identityOf = (key: Node): string => {
  const words = wordsOf(key);
  return words === null
    ? (pathOf(key) ?? key.op)
    : `${identityOf(key.inputs[0]!)}/${words.map((w) => w.toString(16)).join(':')}`;
};

/**
 * Checks that each key is used for one draw, or for forks, but not for both: two draws from one key give the same numbers.
 * Raises `KeyReused` otherwise. Run it before `share`, which merges equal draws and so hides a second use.
 */
export const checkKeys = (nodes: readonly Node[]): void => {
  const draws = new Map<string, string>();
  const forked = new Set<string>();
  for (const n of nodes) if (wordsOf(n) !== null) forked.add(identityOf(n.inputs[0]!));
  for (const n of nodes) {
    const distribution = drawOf(n);
    if (distribution === null) continue;
    const id = identityOf(n.inputs[0]!);
    const other = draws.get(id) ?? (forked.has(id) ? 'fork' : null);
    if (other !== null)
      raise('KeyReused', {
        where: distribution,
        expected: 'an unused key',
        actual: `${nameOf(n.inputs[0]!)}, which ${other} uses too`,
        hint: "fork it, const { a, b } = fork(key, 'a', 'b'); if a function that draws is traced twice, draw outside of it",
      });
    draws.set(id, distribution);
  }
};
