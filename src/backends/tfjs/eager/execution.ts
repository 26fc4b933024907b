/** Runs plans on tensors. There is no arena: each tensor lives until the last call that reads it. */
import type { HostArray, KeyWords } from '../../../dsl/plan/backend.js';
import { failure, messageOf, type NoisefoldError } from '../../../internal/errors.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { Call, Plan, View } from '../../../dsl/plan/plan.js';
import { E, type either } from '../../../internal/fp.js';
import { type Execution, nameOf, type RunFailure } from '../../shared/executor.js';
import { inOrder, queued, type Turns } from '../../shared/runs.js';
import type { Device, Tensor } from './engine.js';
import type { TensorKernel } from './kernel.js';
import type { Operations } from './operations.js';
import type { TensorTable } from './tensorTable.js';
import { tensorOf } from './transfer.js';

const inputsOf = (call: Call): readonly View[] => ('inputs' in call ? call.inputs : []);

/** For each call: the arena buffers that no later call reads. */
const lastUses = (plan: Plan): readonly (readonly number[])[] => {
  const last = new Map<number, number>();
  plan.calls.forEach((call, at) => {
    // a plan without fusion has one output in each call
    if ('output' in call) last.set(call.output.buffer, at);
    for (const { buffer } of inputsOf(call)) last.set(buffer, at);
  });
  const dead: number[][] = plan.calls.map(() => []);
  for (const [buffer, at] of last) if (plan.buffers[buffer]!.storage.kind === 'arena') dead[at]!.push(buffer);
  return dead;
};

/**
 * The tensors of a plan: constants, inputs and outputs in the table, by their addresses; intermediate ones by their buffers,
 * during a run.
 */
const planTensors = (plan: Plan, { engine, reshape }: Operations, table: TensorTable) => {
  /** By buffer: the address of a constant, input or output; null for arena buffers. */
  const addresses: (number | null)[] = plan.buffers.map(() => null);
  /** By arena buffer: the intermediate tensor that it holds. */
  const intermediates = new Map<number, Tensor>();
  const constants: number[] = [];
  plan.buffers.forEach(({ storage, dtype, elements }, buffer) => {
    if (storage.kind !== 'constant' || elements === 0) return;
    // the cast is safe: the table always has room for another handle
    const address = table.allocate(elements) as number;
    table.put(address, tensorOf(engine, storage.data as HostArray, dtype));
    constants.push(address);
    addresses[buffer] = address;
  });

  /**
   * Returns the tensor at an address in its shape. An uploaded value is a vector until its first use, which reshapes
   * it.
   */
  const tensorAt = (address: number, shape: readonly number[]): Tensor => {
    const entry = table.at(address)!;
    if (entry.shape.join() === shape.join()) return entry;
    const tensor = engine.scoped(() => reshape(entry, shape));
    table.put(address, tensor);
    return tensor;
  };

  const releaseBuffer = (buffer: number): void => {
    const tensor = intermediates.get(buffer);
    if (tensor === undefined) return;
    intermediates.delete(buffer);
    table.release(tensor);
  };

  return {
    place: (buffer: number, address: number): void => {
      addresses[buffer] = address;
    },
    operandsOf: (views: readonly View[]): readonly Tensor[] =>
      views.flatMap(({ buffer, shape }) => {
        if (sizeOf(shape) === 0) return [];
        const address = addresses[buffer]!;
        return [address === null ? intermediates.get(buffer)! : tensorAt(address, shape)];
      }),
    store: (buffer: number, result: Tensor): void => {
      const address = addresses[buffer]!;
      if (address !== null) return table.put(address, result);
      table.retain(result);
      intermediates.set(buffer, result);
    },
    releaseBuffer,
    releaseIntermediates: (): void => [...intermediates.keys()].forEach(releaseBuffer),
    releaseConstants: (): void => constants.forEach(table.free),
  };
};

/** Times of calls in milliseconds, or promises of them; null if they are not measured. */
type Times = (number | Promise<number>)[] | null;

/** Makes functions that run one call of a plan and append its time. */
const callRunner = (
  plan: Plan,
  kernels: readonly TensorKernel[],
  { engine, reshape, slice }: Operations,
  tensors: ReturnType<typeof planTensors>,
  keys: readonly KeyWords[],
) => {
  const dead = lastUses(plan);

  const runCall = (at: number): Tensor => {
    const call = plan.calls[at]!;
    const inputs = tensors.operandsOf(inputsOf(call));
    const result = engine.scoped(() => kernels[at]!.run(inputs, keys));
    // the cast covers library and random calls, which both have an output
    tensors.store((call as Extract<Call, { kind: 'library' }>).output.buffer, result);
    return result;
  };

  /** Runs a call and waits until its result is computed: TensorFlow runs GPU kernels asynchronously. */
  const timedCall = (at: number): number | Promise<number> => {
    const { device, readNow } = engine;
    if (device !== null) return device.timed(() => void runCall(at));
    const start = performance.now();
    const result = runCall(at);
    const first = engine.scoped(() => slice(reshape(result, [result.size]), [0], [1]));
    readNow?.(first);
    if (first !== result) first.dispose();
    return performance.now() - start;
  };

  return (times: Times) =>
    (at: number): RunFailure | null => {
      try {
        if (times === null) runCall(at);
        else times.push(timedCall(at));
        dead[at]!.forEach(tensors.releaseBuffer);
        return null;
      } catch (thrown) {
        tensors.releaseIntermediates();
        const error = failure('BackendFailure', {
          where: nameOf(plan.calls[at]!),
          expected: `${kernels[at]!.name} to run`,
          actual: messageOf(thrown),
          hint: 'if the message is about memory, use a smaller batch',
        });
        return { at: at - 1, error }; // the failed call has written nothing
      }
    };
};

/** Prepares a plan for runs and uploads its constants. */
export const tensorExecution = (
  plan: Plan,
  kernels: readonly TensorKernel[],
  ops: Operations,
  table: TensorTable,
  turns: Turns,
): either.Either<NoisefoldError, Execution> => {
  const { device } = ops.engine;
  const keys: KeyWords[] = [];
  const tensors = planTensors(plan, ops, table);
  const step = callRunner(plan, kernels, ops, tensors, keys);

  const runHere: Execution['run'] = (milliseconds) => inOrder(kernels.length, step(milliseconds), turns);

  /** Starts all calls at once, because a device computes while the calling thread continues. */
  const runOn =
    (device: Device): Execution['run'] =>
    (milliseconds) => {
      const times: Times = milliseconds === null ? null : [];
      let failure: RunFailure | null = null;
      const watched = device.guarded(() => {
        for (let at = 0; at < kernels.length && failure === null; at++) failure = step(times)(at);
      });
      if (failure !== null) return failure;
      return (async () => {
        const error = await watched;
        if (error !== null) return { at: kernels.length - 1, error };
        for (const time of times ?? []) milliseconds!.push(await time);
        return null;
      })();
    };

  const { place } = tensors;
  const setKey: Execution['setKey'] = (input, key) => {
    keys[input] = key;
  };
  return E.right({
    ...(device === null ? queued({ place, setKey, run: runHere }, turns) : { place, setKey, run: runOn(device) }),
    release: () => turns.jobs.after(tensors.releaseConstants),
  });
};
