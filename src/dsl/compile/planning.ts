/** Makes the plan of a program. */
import { listOf } from '../../internal/decode.js';
import { attempt, orRaise, raise, showType } from '../../internal/errors.js';
import { atOnce, type Pieces } from '../../internal/stop.js';
import type { Capabilities } from '../plan/backend.js';
import { lowered, type Lowering } from './lower/index.js';
import { optimized } from './passes/optimized.js';
import type { Plan } from '../plan/plan.js';
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
import type { Node } from '../graph/node.js';
import { type AnyTensor, isTensor, nodeOf, tensor } from '../graph/tensor.js';
import { input } from '../primitives/index.js';
import type { HalfStorage } from '../types/storage.js';
import { type Leaf, leaves } from '../types/tree.js';
import { elementAt, entryOf } from '../../internal/lookup.js';

export interface Traced {
  /** The names of the inputs; null if the input is one tensor. */
  readonly names: readonly string[] | null;
  readonly leaves: readonly LeafSpec[];
  readonly inputs: readonly Node[];
  /** The storage of each input; absent if all are float32. */
  readonly storages?: InputStorage['storages'];
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
  const nodes = spec.leaves.map((leaf) => input(leaf.path, orRaise(extentsOf(leaf, bindings)), leaf.dtype));
  const byPath = new Map(spec.leaves.map(({ path }, i) => [path, elementAt(nodes, i)]));
  const output = program.trace(fillSpec(spec, (leaf) => tensor(entryOf(byPath, leaf.path))));
  if (output === undefined)
    raise('ConfigError', {
      where: 'program',
      expected: 'a tensor, or a tree of tensors, as the result',
      actual: 'nothing',
      hint: 'write return',
    });
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

/** Raises `ConfigError` for donated names that are not inputs of the program. */
const checkDonated = (spec: TreeSpec<unknown>, names: readonly string[]): void => {
  const known = inputNames(spec);
  const unknown = names.find((name) => known?.includes(name) !== true);
  if (unknown !== undefined)
    raise('ConfigError', {
      where: 'compile: donate',
      expected: known === null ? 'nothing, because the input has no name' : listOf('input', known),
      actual: `'${unknown}'`,
      hint: 'donate inputs of the program by their names',
    });
};

/** The storage of inputs, and the graph that decodes them. */
export interface InputStorage {
  readonly storages: readonly (HalfStorage | undefined)[];
  readonly unpacked: (
    roots: readonly Node[],
    inputs: readonly Node[],
  ) => { readonly roots: readonly Node[]; readonly inputs: readonly Node[] };
}

/** Decides the storage of the inputs of a program. Raises `ConfigError` for one that is not possible. */
export type Storing = (spec: TreeSpec<unknown>, donate: readonly string[]) => InputStorage;

/** Pairs each donated input with the output of the same path, shape and dtype. */
const donationsOf = (
  { leaves, inputs, outputs }: Traced,
  names: readonly string[],
): Pick<Lowering, 'donations' | 'donated'> => {
  const donated = leaves.map(({ path }) => names.some((name) => path === name || path.startsWith(`${name}.`)));
  const described = (path: string, n: Node): string => `${path}: ${showType(n)}`;
  const places = new Map(outputs.map(({ path, leaf }, i) => [described(path, nodeOf(leaf)), i]));
  const donations = inputs.map((input, i) =>
    donated[i] && input.dtype !== 'key' ? (places.get(described(leaves[i]!.path, input)) ?? null) : null,
  );
  return { donations, donated };
};

/** Traces, checks, optimizes and lowers a program for a backend, in pieces, without running anything. Raises errors. */
export function* planning<I, O>(
  program: Program<I, O>,
  bindings: Bindings,
  capabilities: Capabilities,
  donate: readonly string[] = [],
  storing?: Storing,
): Pieces<{ readonly plan: Plan; readonly traced: Traced }> {
  const spec = orRaise(program.inputs);
  checkDonated(spec, donate);
  const storage = storing?.(spec, donate);
  const traced = { ...trace(program, spec, bindings), ...storage };
  yield;
  const results = traced.outputs.map(({ leaf }) => nodeOf(leaf));
  const optimal = yield* optimized(results, traced.inputs, capabilities.composites);
  const { roots: outputs, inputs } = storage?.unpacked(optimal, traced.inputs) ?? {
    roots: optimal,
    inputs: traced.inputs,
  };
  const lowering = { inputs, outputs, ...donationsOf(traced, donate) };
  return { traced, plan: yield* lowered(lowering, capabilities) };
}

/** Runs all steps of {@link planning} and returns the result. */
export const plan = <I, O>(...args: Parameters<typeof planning<I, O>>) => attempt(() => atOnce(planning(...args)));
