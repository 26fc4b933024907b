import { type Node, reachable } from '../../src/dsl/graph/node.js';
import { showShape } from '../../src/internal/errors.js';

const showAttributes = (value: unknown): string => {
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${String(value)})`;
  if (Array.isArray(value)) return `[${value.map(showAttributes).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    if ('decompose' in value && 'name' in value) return String(value.name);
    return Object.entries(value)
      .map(
        ([key, v]) =>
          `${key}: ${typeof v === 'object' && !Array.isArray(v) && !ArrayBuffer.isView(v) ? `{ ${showAttributes(v)} }` : showAttributes(v)}`,
      )
      .join(', ');
  }
  return String(value);
};

/** A graph as text, one line per node, for debugging. */
export const showGraph = (outputs: Readonly<Record<string, Node>>): string => {
  const names = new Map<Node, string>();
  const lines = reachable(Object.values(outputs)).map((n, i) => {
    const name = n.op === 'input' ? n.attributes.path : `%${i}`;
    names.set(n, name);
    const attributes = n.op === 'input' ? '' : ` { ${showAttributes(n.attributes)} }`.replace(' {  }', '');
    const operands = n.inputs.map((input) => ` ${names.get(input)!}`).join('');
    return `  ${name} = ${n.op}${attributes}${operands} : ${n.dtype} ${showShape(n.shape)}`;
  });
  const results = Object.entries(outputs).map(([path, n]) => `${path} = ${names.get(n)!}`);
  return ['', ...lines, `  outputs ${results.join(', ')}`].join('\n');
};
