import { raise } from '../errors.js';
import type { Node } from '../node.js';

/** A key as its reader knows it. */
const nameOf = (key: Node): string =>
  key.op === 'deriveKey'
    ? `a fork of ${nameOf(key.inputs[0]!)}`
    : key.op === 'input'
      ? `key '${key.attributes.path}'`
      : key.op;

/** What makes a key itself: its input, and the words folded into it. */
const identityOf = (key: Node): string => {
  if (key.op === 'deriveKey')
    return `${identityOf(key.inputs[0]!)}/${key.attributes.words.map((w) => w.toString(16)).join(':')}`;
  return key.op === 'input' ? key.attributes.path : key.op;
};

/**
 * One key, one use: a key is drawn from once, or forked, not both; otherwise two draws would give the
 * same numbers. Raises `KeyReused`. It must run before sharing, which merges equal draws.
 */
export const checkKeys = (nodes: readonly Node[]): void => {
  const draws = new Map<string, Node>();
  const forked = new Set<string>();
  for (const n of nodes) if (n.op === 'deriveKey') forked.add(identityOf(n.inputs[0]!));
  for (const n of nodes) {
    if (n.op !== 'random') continue;
    const id = identityOf(n.inputs[0]!);
    const before = draws.get(id);
    const other =
      before !== undefined && before.op === 'random'
        ? before.attributes.distribution
        : forked.has(id)
          ? 'fork'
          : null;
    if (other !== null)
      raise('KeyReused', {
        where: n.attributes.distribution,
        expected: `a key of its own`,
        actual: `${nameOf(n.inputs[0]!)}, which ${other} uses too`,
        hint: "fork it, const { a, b } = fork(key, 'a', 'b'); or, if this is one draw in a function that is traced twice, draw before it",
      });
    draws.set(id, n);
  }
};
