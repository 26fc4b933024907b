/**
 * Names of extents in types: two different extents never have the same name, and at run time a name has the value that
 * its type computed.
 */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { evaluateDim } from '../../src/dsl/types/dimExpression.js';
import { E } from '../../src/internal/fp.js';
import { programOf, projectOptions } from './operations/typescript.js';

/** An expression of sums, halves and doubles, and its value a·(first symbol) + b·(second symbol) + c. */
interface Expression {
  readonly text: string;
  readonly value: readonly [a: number, b: number, c: number];
}
/** An expression with its name: how TypeScript writes its type. */
interface Named extends Expression {
  readonly name: string;
}

/** Types of strings and numbers need little of the standard library. */
const options: ts.CompilerOptions = { ...projectOptions, lib: ['lib.es5.d.ts'], types: [] };

/** Gives each expression the name that TypeScript computes. */
const named = (expressions: readonly Expression[]): readonly Named[] => {
  const path = fileURLToPath(new URL('generated.ts', import.meta.url));
  const members = expressions.map(({ text }, i) => `readonly e${i}: ${text};`);
  const text = [
    "import type { Add, Double, Half } from '../../src/dsl/types/dim.js';",
    `export interface Names {\n${members.join('\n')}\n}`,
  ].join('\n');
  const program = programOf({ paths: [path], options, texts: new Map([[path, text]]) });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path)!;
  const names = source.statements.find(ts.isInterfaceDeclaration)!;
  return names.members.map((member, i) => {
    const type = checker.getTypeAtLocation(member);
    return {
      ...expressions[i]!,
      name: checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation),
    };
  });
};

const scaled = ({ value: [a, b, c] }: Expression, by: number): Expression['value'] => [a * by, b * by, c * by];
const total = ({ value: x }: Expression, { value: y }: Expression): Expression['value'] => [
  x[0] + y[0],
  x[1] + y[1],
  x[2] + y[2],
];

/** These expressions, and all that one more operation makes of them. */
const grown = (operands: readonly Named[]): readonly Expression[] => [
  ...operands,
  ...operands.map((x) => ({ text: `Half<${x.name}>`, value: scaled(x, 1 / 2) })),
  ...operands.map((x) => ({ text: `Double<${x.name}>`, value: scaled(x, 2) })),
  ...operands.flatMap((x, i) =>
    // alternates the order, because a test checks that both orders have the same name
    operands.slice(i).map((y, j) => ({
      text: j % 2 === 0 ? `Add<${x.name}, ${y.name}>` : `Add<${y.name}, ${x.name}>`,
      value: total(x, y),
    })),
  ),
];

/** The expressions by their names: expressions with one name are one type. */
const byName = (expressions: readonly Named[]): ReadonlyMap<string, readonly Named[]> => {
  const list = new Map<string, Named[]>();
  for (const expression of expressions) {
    const same = list.get(expression.name);
    if (same === undefined) list.set(expression.name, [expression]);
    else same.push(expression);
  }
  return list;
};

const NO_HALF = /is odd: it has no half/;

/** Expressions with one name and different values. */
const collisions = (names: ReadonlyMap<string, readonly Named[]>): readonly string[] =>
  [...names]
    .filter(([name, all]) => !NO_HALF.test(name) && new Set(all.map(({ value }) => value.join())).size > 1)
    .map(([name, all]) => `${name}: ${all.map(({ text }) => text).join(' and ')}`);

const extents = (names: ReadonlyMap<string, readonly Named[]>): readonly Named[] =>
  [...names].flatMap(([name, all]) => (NO_HALF.test(name) ? [] : [all[0]!]));

const leaves = (first: string, second: string): readonly Expression[] => [
  { text: `'${first}'`, value: [1, 0, 0] },
  { text: `'${second}'`, value: [0, 1, 0] },
  { text: '2', value: [0, 0, 2] },
];

test('a sum has one name in either order', () => {
  const terms = extents(byName(named(grown(extents(byName(named(leaves('A', 'B'))))))));
  const pairs = terms.flatMap((x) => terms.map((y) => [x.name, y.name] as const));
  const sums = (order: (pair: readonly [string, string]) => string): readonly string[] =>
    named(pairs.map((pair) => ({ text: `Add<${order(pair)}>`, value: [0, 0, 0] }))).map(({ name }) => name);
  expect(sums(([x, y]) => `${x}, ${y}`)).toEqual(sums(([x, y]) => `${y}, ${x}`));
});

describe.each([
  ['A', 'B', 3],
  ['A', 'AB', 2],
  ['e5', 'E5', 2],
  ['constructor', '__proto__', 2],
  ['Infinity', 'NaN', 2],
  ['_', 'x2', 2],
])('expressions over %s, %s and 2', (first, second, depth) => {
  let names = byName(named(leaves(first, second)));
  for (let i = 0; i < depth; i++) names = byName(named(grown(extents(names))));

  test('two extents never have one name', () => {
    expect(collisions(names)).toEqual([]);
    expect(names.size).toBeGreaterThan(60);
  });

  test('only what is a number and a half has no half', () => {
    const odd = [...names].filter(([name]) => NO_HALF.test(name)).flatMap(([, all]) => all);
    expect(odd.every(({ value: [a, b, c] }) => a === 0 && b === 0 && !Number.isInteger(c))).toBe(true);
  });

  test('at run time a name is the extent that its type computed', () => {
    const [x, y] = [48, 80]; // integers after three halvings
    const bindings = Object.fromEntries([
      [first, x],
      [second, y],
    ]);
    const evaluated = extents(names).flatMap(({ name, value: [a, b, c] }) => {
      const dim = JSON.parse(name) as number | string; // TypeScript writes literals as JSON does
      const extent = evaluateDim(dim, bindings);
      return E.isRight(extent) ? [{ name, extent: extent.right, expected: a * x + b * y + c }] : [];
    });
    expect(evaluated.filter(({ extent, expected }) => extent !== expected)).toEqual([]);
    expect(evaluated.length).toBeGreaterThan(names.size / 2);
  });
});
