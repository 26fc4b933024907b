/** Runs programs over flat records of tensors, and frees all memory. */
import { reference } from '../../src/backends/reference/index.js';
import type { Backend, HostArray, KeyWords } from '../../src/dsl/plan/backend.js';
import { compile } from '../../src/dsl/run/compile.js';
import { type DType, type Node, node } from '../../src/dsl/graph/node.js';
import { leafSpec, program, type Program, treeSpec } from '../../src/dsl/graph/spec.js';
import type { FloatStorage } from '../../src/dsl/types/storage.js';
import { type AnyTensor, type Key, nodeOf, tensor } from '../../src/dsl/graph/tensor.js';
import { type AnyValue, read, release } from '../../src/dsl/run/value.js';
import type { Declared } from '../arbitraries/operationCase.js';
import { evaluate } from './evaluate.js';
import { valueOf } from './plans.js';
import { mapValues } from './records.js';

export type Tensors = Readonly<Record<string, AnyTensor>>;
export type Nodes = Readonly<Record<string, Node>>;
export type Numbers = Readonly<Record<string, HostArray | KeyWords>>;

/** A program of nodes, as traced from a builder of tensors. */
export const programOf = (inputs: readonly Declared[], trace: (inputs: Nodes) => Nodes): Program<Tensors, Tensors> => {
  const leaves = inputs.map(({ path, shape, dtype }) => [path, leafSpec(shape, dtype)] as const);
  return program(treeSpec<Tensors>(Object.fromEntries(leaves)), (tensors) =>
    mapValues(trace(mapValues(tensors, nodeOf)), (n): AnyTensor => tensor(n)),
  );
};

/** A compiled program as a function of numbers on the host. */
export interface Running {
  readonly run: (numbers: Numbers) => Promise<Numbers>;
  readonly release: () => void;
}

/** Numbers in the array type of their dtype, which a run requires. */
export const arrayOf = (numbers: Iterable<number>, dtype: DType): HostArray | KeyWords => {
  switch (dtype) {
    case 'float32':
      return Float64Array.from(numbers);
    case 'int32':
      return Int32Array.from(numbers);
    case 'bool':
      return Uint8Array.from(numbers);
    case 'key':
      return [...numbers] as unknown as KeyWords; // two words
  }
};

/** Compiles a program, with the storage of its inputs; throws errors. */
export const running = async (
  backend: Backend,
  program: Program<Tensors, Tensors>,
  storage: Readonly<Record<string, FloatStorage>> = {},
): Promise<Running> => {
  // the inputs of a record of unknown names have no names in types
  const executable = valueOf(await compile(program, {}, { storage: storage as object })(backend)());
  return {
    run: async (numbers) => {
      // records of unknown members, whose types state nothing that `run` does not check
      const entries = executable.plan.inputs.map(({ path, dtype }) => {
        const isStored = (storage[path] ?? 'float32') !== 'float32'; // words in the plan
        return [path, arrayOf(numbers[path]!, isStored ? 'float32' : dtype)];
      });
      const outputs = valueOf(await executable.run(Object.fromEntries(entries) as never)()) as Readonly<
        Record<string, AnyValue | KeyWords>
      >;
      const results: Record<string, HostArray | KeyWords> = {};
      for (const [path, output] of Object.entries(outputs))
        results[path] = Array.isArray(output) ? (output as KeyWords) : valueOf(await read(output as never)(backend)());
      valueOf(await release(outputs)(backend)());
      return results;
    },
    release: () => executable.release(),
  };
};

/** Runs a program on the reference, once for each of some inputs. */
export const runsOnReference = async (
  inputs: readonly Declared[],
  each: readonly Numbers[],
  trace: (inputs: Nodes) => Nodes,
): Promise<readonly Numbers[]> => {
  const backend = valueOf(await reference()());
  const { run } = await running(backend, programOf(inputs, trace));
  const outputs: Numbers[] = [];
  for (const numbers of each) outputs.push(await run(numbers));
  await backend.close();
  return outputs;
};

/** Runs a program on the reference, once. */
export const runOnReference = async (
  inputs: readonly Declared[],
  numbers: Numbers,
  trace: (inputs: Nodes) => Nodes,
): Promise<Numbers> => (await runsOnReference(inputs, [numbers], trace))[0]!;

/** The numbers of a tensor that needs no input, evaluated in float64 without the compiler. */
export const computed = async (build: () => AnyTensor): Promise<HostArray> =>
  evaluate([nodeOf(build())], {}, {}).outputs[0]!;

/** The numbers that a function of a key returns, on the reference. */
export const drawOnReference = async (key: KeyWords, draw: (key: Key) => AnyTensor): Promise<HostArray> => {
  const input = tensor<[], 'key'>(node('input', [], { path: 'key' }, [], 'key'));
  return evaluate([nodeOf(draw(input))], {}, { key }).outputs[0]!;
};
