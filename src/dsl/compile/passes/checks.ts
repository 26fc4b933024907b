/** Detects mistakes in programs that are visible only in the whole graph. */
import { raise } from '../../../internal/errors.js';
import { type Node, pathOf, operandOf } from '../../graph/node.js';
import { isInput } from '../../primitives/index.js';
import { drawOf, wordsOf } from '../../primitives/rules/table.js';

/** Raises `ConfigError` for a graph that depends on a tensor of another trace, which no run can supply. */
export const checkInputs = (nodes: readonly Node[], inputs: readonly Node[]): void => {
  const own = new Set(inputs);
  if (nodes.some((n) => isInput(n) && !own.has(n)))
    raise('ConfigError', {
      where: 'compile',
      expected: "results computed from the program's inputs",
      actual: 'a tensor that was made inside a function given to grad, vjp or vmap and used outside it',
      hint: 'return it from that function (with valueAuxAndGrad for a loss)',
    });
};

/** The name of a key in errors. */
const nameOf = (key: Node): string => {
  if (wordsOf(key) !== null) return `a fork of ${nameOf(operandOf(key))}`;
  const path = pathOf(key);
  if (path === '') return 'the key that is the input';
  return path === null ? key.op : `key '${path}'`;
};

/** The identity of a key: its input and the words folded into it. */
const identityOf = (key: Node): string => {
  const words = wordsOf(key);
  if (words === null) return pathOf(key) ?? key.op;
  return `${identityOf(operandOf(key))}/${words.map((w) => w.toString(16)).join(':')}`;
};

/**
 * Raises `KeyReused` unless each key is used for one draw or for forks, not for both, because two draws from one key
 * give the same numbers. Run this check before `share`, which merges equal draws and so hides a second use.
 */
export const checkKeys = (nodes: readonly Node[]): void => {
  const forks = nodes.filter((n) => wordsOf(n) !== null).map((n) => identityOf(operandOf(n)));
  const users = new Map(forks.map((id) => [id, 'fork']));
  for (const n of nodes) {
    const distribution = drawOf(n);
    if (distribution === null) continue;
    const id = identityOf(operandOf(n));
    if (users.has(id))
      raise('KeyReused', {
        where: distribution,
        expected: 'an unused key',
        actual: `${nameOf(operandOf(n))}, which ${users.get(id)} uses too`,
        hint: "fork it, const { a, b } = fork(key, 'a', 'b'); if a function that draws is traced twice, draw outside it",
      });
    users.set(id, distribution);
  }
};
