import type { Backend, Capabilities, DeviceBuffer, HostArray, Rounding, Runner } from '../../dsl/plan/backend.js';
import type { NoisefoldError } from '../../internal/errors.js';
import type { Plan } from '../../dsl/plan/plan.js';
import type { NumberType } from '../../dsl/graph/region.js';
import { E, type either } from '../../internal/fp.js';
import { inTurns } from '../../internal/stop.js';
import { createRunner, type Execution, kernelsOf } from './executor.js';
import type { NamedKernel, RulesFor } from './kernel.js';
import type { Heap } from './heap.js';
import type { Memory } from './memory.js';
import { readNumbers, writeNumbers } from './numbers.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** The parts of a backend that depend on its kind of memory. */
export interface Parts<K extends NamedKernel> {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Default: null. */
  readonly rounding?: Rounding;
  readonly memory: Memory;
  /** Makes the rules for a plan; it may load them first. */
  readonly rules: (plan: Plan) => ReturnType<RulesFor<K>> | Promise<ReturnType<RulesFor<K>>>;
  /** Places a plan and the kernels of its calls in memory. */
  readonly layOut: (plan: Plan, kernels: readonly K[]) => Promise<Result<Execution>>;
  /**
   * Writes numbers as elements of a dtype, from an address on. It must write before its first `await`. Returns an error
   * or null.
   */
  readonly write: (
    address: number,
    data: HostArray,
    dtype: NumberType,
  ) => NoisefoldError | null | Promise<NoisefoldError | null>;
  /** Reads the elements of a buffer at an address. It makes or submits the copy before its first `await`. */
  readonly read: (address: number, buffer: DeviceBuffer) => Result<HostArray> | Promise<Result<HostArray>>;
  /** Frees resources other than memory, after the memory; waits until nothing uses the memory any more. */
  readonly close: () => void | Promise<void>;
  readonly lost: Backend['lost'];
}

/** Writes and reads memory that the host addresses. */
export const heapAccess = (heap: Heap): Pick<Parts<never>, 'write' | 'read'> => ({
  write: (address, data, dtype) => {
    writeNumbers(heap.array(address, 0, data.length, dtype), data, dtype);
    return null;
  },
  read: (address, { elements, dtype }) => E.right(readNumbers(heap.array(address, 0, elements, dtype), dtype)),
});

/** Makes a backend from its memory, the rules that choose kernels, and the other parts that differ between backends. */
export const memoryBackend = <K extends NamedKernel>(parts: Parts<K>): Backend => {
  const { name, capabilities, memory, rules, layOut, lost } = parts;

  /**
   * Runs `work` if the backend is open. Returns the error of a closed backend if it was closed before or during the
   * work.
   */
  const whileOpen = async <A>(work: () => Promise<Result<A>>): Promise<Result<A>> => {
    const before = memory.closed();
    if (before !== null) return E.left(before);
    const result = await work();
    const after = memory.closed();
    return after === null ? result : E.left(after);
  };

  const unlessLost = async <A>(work: () => Promise<Result<A>>): Promise<Result<A>> => {
    const loss = lost();
    return loss === null ? work() : E.left(loss);
  };

  /** Uploads the numbers that an array holds at the call. The caller may change it, or transfer its buffer, afterwards. */
  const uploaded = async (numbers: HostArray, dtype: NumberType): Promise<Result<DeviceBuffer>> => {
    const allocated = memory.hold(numbers.length, dtype);
    const data = allocated instanceof Promise ? numbers.slice() : numbers;
    const buffer = allocated instanceof Promise ? await allocated : allocated;
    if (E.isLeft(buffer)) return buffer;
    const address = memory.addressOf(buffer.right, 'upload');
    if (E.isLeft(address)) return address;
    const failure = await parts.write(address.right, data, dtype);
    if (failure === null) return buffer;
    memory.release(buffer.right);
    return E.left(failure);
  };

  /** Frees the memory of executables that were garbage-collected without being released. */
  const dropped = new FinalizationRegistry<() => void>((free) => free());

  const compilePlan = async (plan: Plan): Promise<Result<Runner>> => {
    const kernels = await inTurns(kernelsOf(plan, await rules(plan)));
    if (E.isLeft(kernels)) return kernels;
    const closed = memory.closed();
    if (closed !== null) return E.left(closed); // the backend was closed while the plan was placed
    const layout = await layOut(plan, kernels.right);
    return E.map((execution: Execution): Runner => {
      const runner = createRunner(plan, memory, kernels.right, execution);
      // the functions of the runner keep `execution` alive, and `execution.release` does not
      dropped.register(execution, execution.release, execution);
      return {
        ...runner,
        release: () => {
          dropped.unregister(execution);
          runner.release();
        },
        run: (inputs) => () => whileOpen(runner.run(inputs)),
        profile: (inputs) => () => whileOpen(runner.profile(inputs)),
      };
    })(layout);
  };

  const numbersOf = async (buffer: DeviceBuffer): Promise<Result<HostArray>> => {
    const address = memory.addressOf(buffer, 'read');
    return E.isLeft(address) ? address : parts.read(address.right, buffer);
  };

  return {
    name,
    capabilities,
    rounding: parts.rounding ?? null,
    compile: (plan) => () => whileOpen(() => unlessLost(() => compilePlan(plan))),
    upload: (data, dtype) => () => whileOpen(() => unlessLost(() => uploaded(data, dtype))),
    read: (buffer) => () => whileOpen(() => numbersOf(buffer)),
    release: (buffer) => () => memory.release(buffer),
    stats: memory.stats,
    close: async () => {
      memory.close();
      await parts.close();
      return E.right(undefined);
    },
    closed: () => memory.closed() !== null,
    lost,
  };
};
