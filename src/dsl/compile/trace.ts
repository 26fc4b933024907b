/** Traces a program: applies its function to inputs of concrete extents. */
import { orRaise, raise } from '../errors.js';
import type { Node } from '../graph/node.js';
import { input } from '../primitives/index.js';
import {
  type Bindings,
  extentsOf,
  fillSpec,
  inputNames,
  type LeafSpec,
  type Program,
  symbolsOf,
  treeSpec,
  type TreeSpec,
} from '../graph/spec.js';
import { type AnyTensor, isTensor, tensor } from '../graph/tensor.js';
import { type Leaf, leaves } from '../types/tree.js';

export interface Traced {
  /** The names of the inputs; null if the input is one tensor. */
  readonly names: readonly string[] | null;
  readonly leaves: readonly LeafSpec[];
  readonly inputs: readonly Node[];
  /** The result of the function, a tree of tensors. */
  readonly output: unknown;
  /** The tensors of the output. */
  readonly outputs: readonly Leaf<AnyTensor>[];
}

/** Builds the graph of a program. Raises `UnknownDim` for an unknown or missing symbol, and the errors of the function. */
export const trace = <I, O>(program: Program<I, O>, spec: TreeSpec<I>, bindings: Bindings): Traced => {
  const known = symbolsOf(spec);
  for (const name of Object.keys(bindings))
    if (!known.includes(name))
      raise('UnknownDim', {
        where: `compile at ${name}`,
        expected: known.length === 0 ? 'no extents: the spec has no symbols' : `extents for ${known.join(', ')}`,
        actual: name,
        hint: 'leave it out, or use the symbol in the spec',
      });
  for (const leaf of spec.leaves)
    for (const name of symbolsOf(treeSpec(leaf)))
      if (!Object.hasOwn(bindings, name) || bindings[name] === undefined)
        raise('UnknownDim', {
          where: `compile: ${leaf.path === '' ? 'the input' : `input ${leaf.path}`} has the symbol ${name}`,
          expected: 'a number for it',
          actual: 'none',
          hint: `write compile(program, { ${known.map((symbol) => `${symbol}: …`).join(', ')} })`,
        });
  const nodes = spec.leaves.map((leaf) => {
    const extents = orRaise(extentsOf(leaf, bindings));
    return input(leaf.path, extents, leaf.dtype);
  });
  const byPath = new Map(spec.leaves.map((leaf, i) => [leaf.path, nodes[i]!]));
  const output = program.trace(fillSpec(spec, (leaf) => tensor(byPath.get(leaf.path)!)));
  return { names: inputNames(spec), leaves: spec.leaves, inputs: nodes, output, outputs: leaves(output, isResult) };
};

/** Tests for a tensor. Raises `ConfigError` for a function. */
const isResult = (x: unknown): x is AnyTensor =>
  typeof x === 'function'
    ? raise('ConfigError', {
        where: 'program',
        expected: 'tensors as results',
        actual: 'a function',
        hint: 'was an argument of a layer or operation forgotten?',
      })
    : isTensor(x);
