import { type Node, reachable } from './node.js';

/** Formats attributes with all numbers; a composite is its name and its options. */
const attributesText = (attributes: unknown): string =>
  JSON.stringify(attributes, (_, value: unknown) => {
    if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, String); // constant data
    return typeof value === 'number' ? String(value) : value; // JSON has no NaN and no -0
  });

/** Formats a graph, one line for each node. Graphs of the same structure have the same text. Inputs have their paths. */
export const graphText = (root: Node): string => {
  const nodes = reachable([root]);
  const places = new Map(nodes.map((node, i) => [node, i]));
  return nodes
    .map(({ op, dtype, shape, attributes, inputs }) =>
      [op, dtype, shape.join(','), attributesText(attributes), inputs.map((n) => places.get(n)).join()].join(' '),
    )
    .join('\n');
};
