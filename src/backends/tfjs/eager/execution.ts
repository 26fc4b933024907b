/** Plans on tensors: no arena is laid out, and a tensor lives until the last call that reads it. */
import type { HostArray, KeyWords } from '../../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../../dsl/errors.js';
import { sizeOf } from '../../../dsl/node.js';
import type { Call, Plan, View } from '../../../dsl/plan.js';
import { E, type either } from '../../../internal/fp.js';
import { type Execution, nameOf } from '../../shared/executor.js';
import type { Engine, Tensor } from './engine.js';
import type { TensorKernel } from './kernel.js';
import { operationsOf } from './operations.js';
import type { TensorTable } from './tensorTable.js';
import { tensorOf } from './transfer.js';

const inputsOf = (call: Call): readonly View[] => ('inputs' in call ? call.inputs : []);

/** For each call: the buffers of the arena that nothing reads afterwards. */
const lastUses = (plan: Plan): readonly (readonly number[])[] => {
  const last = new Map<number, number>();
  plan.calls.forEach((call, at) => {
    // a library call: one that is lowered without fusing has an output
    if ('output' in call) last.set(call.output.buffer, at);
    for (const { buffer } of inputsOf(call)) last.set(buffer, at);
  });
  const dead: number[][] = plan.calls.map(() => []);
  for (const [buffer, at] of last) if (plan.buffers[buffer]!.storage.kind === 'arena') dead[at]!.push(buffer);
  return dead;
};

/** Uploads the constants of a plan. */
export const tensorExecution = (
  plan: Plan,
  kernels: readonly TensorKernel[],
  engine: Engine,
  table: TensorTable,
): either.Either<NoisefoldError, Execution> => {
  const ops = operationsOf(engine);
  const dead = lastUses(plan);
  const keys: KeyWords[] = [];
  /** By buffer: where constants, inputs and outputs are; null for those of the arena. */
  const addresses: (number | null)[] = plan.buffers.map(() => null);
  /** By buffer of the arena: what is there between two calls. */
  const between = new Map<number, Tensor>();
  const constants: number[] = [];
  plan.buffers.forEach(({ storage, dtype, elements }, buffer) => {
    if (storage.kind !== 'constant' || elements === 0) return;
    const address = table.allocate(elements) as number; // a handle, which there always is
    table.put(address, tensorOf(engine, storage.data as HostArray, dtype));
    constants.push(address);
    addresses[buffer] = address;
  });

  /** What is uploaded is a vector: it takes its shape when it is first read. */
  const shaped = (address: number, shape: readonly number[]): Tensor => {
    const found = table.at(address)!;
    if (found.shape.join() === shape.join()) return found;
    const tensor = engine.scoped(() => ops.reshape(found, shape));
    table.put(address, tensor);
    return tensor;
  };

  const present = (views: readonly View[]): readonly Tensor[] =>
    views.flatMap(({ buffer, shape }) => {
      if (sizeOf(shape) === 0) return [];
      const address = addresses[buffer]!;
      return [address === null ? between.get(buffer)! : shaped(address, shape)];
    });

  const letGo = (buffer: number): void => {
    const tensor = between.get(buffer);
    if (tensor === undefined) return;
    between.delete(buffer);
    table.letGo(tensor);
  };

  /** Waits for a tensor, as work on a GPU goes on by itself: by reading one of its numbers. */
  const settle = (tensor: Tensor): void => {
    const first = engine.scoped(() => ops.slice(ops.reshape(tensor, [tensor.size]), [0], [1]));
    engine.read(first);
    if (first !== tensor) first.dispose();
  };

  const carryOut = (at: number): Tensor => {
    const call = plan.calls[at]!;
    const kernel = kernels[at]!;
    const inputs = present(inputsOf(call));
    const result = engine.scoped(() => kernel.run(inputs, keys));
    const { buffer } = (call as Extract<Call, { kind: 'library' }>).output; // or that of a random call
    const address = addresses[buffer]!;
    if (address === null) {
      table.hold(result);
      between.set(buffer, result);
    } else table.put(address, result);
    return result;
  };

  const run: Execution['run'] = (milliseconds) => {
    let at = 0;
    try {
      for (; at < kernels.length; at++) {
        const start = milliseconds === null ? 0 : performance.now();
        const result = carryOut(at);
        if (milliseconds !== null) {
          settle(result);
          milliseconds.push(performance.now() - start);
        }
        dead[at]!.forEach(letGo);
      }
      return null;
    } catch (thrown) {
      for (const buffer of [...between.keys()]) letGo(buffer);
      const error = failure('BackendFailure', {
        where: nameOf(plan.calls[at]!),
        expected: `${kernels[at]!.name} to run`,
        actual: thrown instanceof Error ? thrown.message : String(thrown),
        hint: 'if it is for want of memory, use a smaller batch',
      });
      return { at: at - 1, error }; // the call that failed has written nothing
    }
  };

  return E.right({
    place: (buffer, address) => {
      addresses[buffer] = address;
    },
    setKey: (input, key) => {
      keys[input] = key;
    },
    run,
    release: () => constants.forEach(table.free),
  });
};
