/** Generates the WGSL statements of a nest's body: addresses, loads, arithmetic and stores. */
import type { Assignment, NumberType } from '../../../dsl/graph/region.js';
import { expressionOf } from './expressions.js';
import { type Element, elementOf, elementType, valueType, type Width } from './library/types.js';
import { isVector, type Vectors } from './vectors.js';
import type { View, BoundNest } from './boundNest.js';

/** The index variable of a loop. Along the vectorized loop it counts vectors. */
export const indexOf = (loop: number): string => `i${loop}`;

export interface Body {
  /** Statements, indexed by level: the number of enclosing loops. */
  readonly lines: readonly (readonly string[])[];
  /** An expression for the value of an assignment. */
  readonly valueOf: (position: number, width: Width) => string;
}

const sum = (terms: readonly (readonly [string, number])[], offset: number): string => {
  let text = offset === 0 ? '' : `${offset}u`;
  for (const [name, factor] of terms) {
    if (factor === 0) continue;
    const size = Math.abs(factor);
    const term = size === 1 ? name : `${name} * ${size}u`;
    if (factor < 0) text = text === '' ? `0u - ${term}` : `${text} - ${term}`;
    else text = text === '' ? term : `${text} + ${term}`;
  }
  return text === '' ? '0u' : text;
};

/** The address of the first lane, in elements (`unit` 1) or in vectors (`unit` 4). */
const addressOf = ({ strides, offset }: Pick<View, 'strides' | 'offset'>, vectors: Vectors, unit: Width): string =>
  sum(
    strides.map((stride, loop) => [indexOf(loop), (loop === vectors.loop ? 4 * stride : stride) / unit] as const),
    offset / unit,
  );

const LANES = [0, 1, 2, 3] as const;

/** Accesses one element of a binding, whose array has elements of the given width. `address` is in single elements. */
const single = (binding: number, address: string, width: Width): string =>
  width === 1 ? `b${binding}[${address}]` : `b${binding}[(${address}) >> 2u][(${address}) & 3u]`;

const shifted = (address: string, by: number): string =>
  by === 0 ? address : `${address} ${by < 0 ? '-' : '+'} ${Math.abs(by)}u`;

/** Reinterprets the bits of an element as the other type. */
const recast = (text: string, from: Element, to: Element, width: Width): string =>
  from === to ? text : `bitcast<${elementType(to, width)}>(${text})`;

/**
 * Generates statements that compute all values of a nest, each at the level of the innermost loop on which it depends.
 * `levelOf` returns that level for a set of loops.
 */
export const bodyOf = (
  bound: BoundNest,
  vectors: Vectors,
  levels: number,
  levelOf: (loops: number) => number,
): Body => {
  const { nest, loads, live, depends, elements } = bound;
  const { loop: vector, widths } = vectors;
  const lines: string[][] = Array.from({ length: levels }, () => []);
  const widthOf = (position: number): Width => (vector >= 0 && ((depends[position]! >> vector) & 1) === 1 ? 4 : 1);
  const valueOf = (position: number, width: Width): string =>
    width === widthOf(position) ? `v${position}` : `${valueType(nest.body[position]!.dtype, width)}(v${position})`;

  const loaded = (position: number, load: number, dtype: NumberType, into: string[]): string => {
    const view = loads[load]!;
    const { binding } = view;
    const [from, own, width] = [elements[binding]!, widthOf(position), widths[binding]!];
    const bits = (text: string): string => recast(text, from, elementOf(dtype), own);
    if (isVector(view, vectors)) return bits(`b${binding}[${addressOf(view, vectors, 4)}]`);
    const name = `a${position}`;
    into.push(`let ${name} = ${addressOf(view, vectors, 1)};`);
    if (own === 1) return bits(single(binding, name, width));
    const numbers = LANES.map((lane) => single(binding, shifted(name, lane * view.strides[vector]!), width));
    return bits(`${elementType(from, 4)}(${numbers.join(', ')})`);
  };

  /** The value of an assignment, after the statements that it adds to `into`. */
  const valueInto = (a: Assignment, position: number, into: string[]): string => {
    const width = widthOf(position);
    if (a.op === 'load') {
      const text = loaded(position, a.load, a.dtype, into);
      return a.dtype === 'bool' ? `${text} != ${elementType('i32', width)}()` : text;
    }
    if (a.op !== 'index') return expressionOf(a, nest.body, valueOf, width);
    const first = `bitcast<i32>(${addressOf({ ...a, offset: 0 }, vectors, 1)}) + i32(${a.offset})`;
    const step = vector < 0 ? 0 : a.strides[vector]!;
    const whole = width === 1 ? first : `vec4<i32>(${first}) + vec4<i32>(0, ${step}, ${2 * step}, ${3 * step})`; // oxfmt-ignore
    return a.dtype === 'float32' ? `${valueType('float32', width)}(${whole})` : whole;
  };

  nest.body.forEach((a, position) => {
    if (live[position] !== true) return;
    const level = lines[levelOf(depends[position]!)]!;
    const value = valueInto(a, position, level);
    level.push(`let v${position} = ${value};`);
  });
  return { lines, valueOf };
};

/** Generates statements that store a value. `value` returns an expression of the requested width. */
export const storing = (
  bound: BoundNest,
  store: number,
  vectors: Vectors,
  value: (width: Width) => string,
): readonly string[] => {
  const view = bound.stores[store]!;
  const { dtype } = bound.nest.body[bound.nest.stores[store]!.value]!;
  const { binding, strides } = view;
  const to = bound.elements[binding]!;
  const toMemory = (width: Width): string => {
    const text = value(width);
    const numbers = dtype === 'bool' ? `${elementType('i32', width)}(${text})` : text;
    return recast(numbers, elementOf(dtype), to, width);
  };
  if (isVector(view, vectors)) return [`b${binding}[${addressOf(view, vectors, 4)}] = ${toMemory(4)};`];
  const [address, vector] = [`s${store}`, `h${store}`];
  const at = `let ${address} = ${addressOf(view, vectors, 1)};`;
  const stride = vectors.loop < 0 ? 0 : strides[vectors.loop]!;
  if (stride === 0) return [at, `b${binding}[${address}] = ${toMemory(1)};`];
  return [
    at,
    `let ${vector} = ${toMemory(4)};`,
    ...LANES.map((lane) => `b${binding}[${shifted(address, lane * stride)}] = ${vector}[${lane}];`),
  ];
};
