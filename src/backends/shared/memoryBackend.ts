import type { Backend, Capabilities, DeviceBuffer, HostArray, Runner } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import type { Plan } from '../../dsl/plan.js';
import type { NumberType } from '../../dsl/region.js';
import { E, type either } from '../../internal/fp.js';
import { createRunner, type Execution, kernelsOf } from './executor.js';
import type { Named, RulesFor } from './kernel.js';
import type { Memory } from './memory.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** What is particular to a kind of memory. */
export interface Parts<K extends Named> {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly memory: Memory;
  readonly rules: RulesFor<K>;
  /** Lays a plan out with the kernels of its calls. */
  readonly layOut: (plan: Plan, kernels: readonly K[]) => Promise<Result<Execution>>;
  /** Writes numbers as elements of a dtype, from an address on, and says why it could not. */
  readonly write: (
    address: number,
    data: HostArray,
    dtype: NumberType,
  ) => NoisefoldError | null | Promise<NoisefoldError | null>;
  readonly read: (address: number, buffer: DeviceBuffer) => Result<HostArray> | Promise<Result<HostArray>>;
  /** Gives back what is not memory. */
  readonly close: () => void;
  readonly lost: Backend['lost'];
}

/** A backend on a memory: `rules` say how each call is carried out, the rest is common. */
export const memoryBackend = <K extends Named>(parts: Parts<K>): Backend => {
  const { name, capabilities, memory, rules, layOut, lost } = parts;

  const unlessEnded = async <A>(work: () => Promise<Result<A>>): Promise<Result<A>> => {
    const end = memory.closed() ?? lost();
    return end === null ? work() : E.left(end);
  };

  const uploaded = async (data: HostArray, dtype: NumberType): Promise<Result<DeviceBuffer>> => {
    const held = await memory.hold(data.length, dtype);
    if (E.isLeft(held)) return held;
    const failed = await parts.write(memory.addressOf(held.right)!, data, dtype);
    if (failed === null) return held;
    memory.release(held.right);
    return E.left(failed);
  };

  const compile = async (plan: Plan): Promise<Result<Runner>> => {
    const kernels = kernelsOf(plan, rules(plan));
    if (E.isLeft(kernels)) return kernels;
    const execution = await layOut(plan, kernels.right);
    return E.map((laid: Execution) => createRunner(plan, memory, kernels.right, laid))(execution);
  };

  return {
    name,
    capabilities,
    compile: (plan) => () => unlessEnded(() => compile(plan)),
    upload: (data, dtype) => () => unlessEnded(() => uploaded(data, dtype)),
    read: (buffer) => async () => {
      const address = memory.addressOf(buffer);
      if (address !== undefined) return parts.read(address, buffer);
      const end = memory.closed();
      if (end !== null) return E.left(end);
      return E.left(
        failure('ValueConsumed', {
          where: 'read',
          expected: `a live value of the ${name} backend`,
          actual: 'one that was released or donated',
          hint: 'read it before, or read the output that took it over',
        }),
      );
    },
    release: (buffer) => () => memory.release(buffer),
    stats: memory.stats,
    close: async () => {
      memory.close();
      parts.close();
      return E.right(undefined);
    },
    closed: () => memory.closed() !== null,
    lost,
  };
};
