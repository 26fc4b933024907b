import { type ConstantData, type Node, rewrite } from '../../graph/node.js';
import { primitiveOf } from '../../primitives/table.js';

/** Formats attributes; `identify` names functions and data. */
const textOf = (value: unknown, identify: (x: object) => string): string => {
  if (typeof value === 'function' || ArrayBuffer.isView(value)) return identify(value);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value); // 1/−0 is −∞
  let text = Array.isArray(value) ? '[' : '{';
  for (const key in value) text += `${key}:${textOf(value[key as never], identify)},`;
  return text;
};

/**
 * Eliminates common subexpressions: merges nodes with equal op, attributes, shape, dtype and (merged) inputs, except for
 * unique nodes such as inputs and barriers.
 */
export const share = (roots: readonly Node[]): readonly Node[] => {
  const ids = new Map<object, number>();
  const identify = (x: object): string => {
    if (!ids.has(x)) ids.set(x, ids.size);
    return `#${ids.get(x)!}`;
  };
  const nameOf = (x: object): string => {
    if (!ArrayBuffer.isView(x)) return identify(x);
    const data = x as ConstantData; // the only views in attributes
    return data.length <= 16 ? `${x.constructor.name}${textOf([...data], identify)}` : identify(x);
  };
  const known = new Map<string, Node>();
  return rewrite(roots, (n) => {
    if (primitiveOf(n).isUnique) return n;
    const key = `${n.op}|${n.dtype}|${n.shape.join(',')}|${textOf(n.attributes, nameOf)}|${n.inputs.map(identify).join()}`;
    if (!known.has(key)) known.set(key, n);
    return known.get(key)!;
  });
};
