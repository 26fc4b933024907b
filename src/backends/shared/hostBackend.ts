import type { Backend, Capabilities, DeviceBuffer } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { E, type either } from '../../internal/fp.js';
import { compilePlan } from './executor.js';
import type { Heap } from './heap.js';
import type { RulesFor } from './kernel.js';
import { createMemory } from './memory.js';
import { readNumbers, writeNumbers } from './numbers.js';

/** A backend whose memory the host sees: `rules` say how each call is carried out, the rest is common. */
export const hostBackend = (parts: {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly heap: Heap;
  readonly rules: RulesFor;
}): Backend => {
  const { name, capabilities, heap, rules } = parts;
  const memory = createMemory(name, heap);

  const unlessClosed = <A>(work: () => either.Either<NoisefoldError, A>) =>
    memory.isClosed()
      ? E.left(
          failure('BackendFailure', {
            where: `the ${name} backend`,
            expected: 'a live backend',
            actual: 'a closed one',
            hint: 'acquire it again',
          }),
        )
      : work();

  const arrayOf = (buffer: DeviceBuffer, address: number) =>
    heap.array(address, 0, buffer.elements, buffer.dtype);

  return {
    name,
    capabilities,
    compile: (plan) => async () => unlessClosed(() => compilePlan(plan, memory, rules(plan))),
    upload: (data, dtype) => async () =>
      unlessClosed(() =>
        E.map((buffer: DeviceBuffer) => {
          writeNumbers(arrayOf(buffer, memory.addressOf(buffer)!), data, dtype);
          return buffer;
        })(memory.hold(data.length, dtype)),
      ),
    read: (buffer) => async () => {
      const address = memory.addressOf(buffer);
      return address === undefined
        ? E.left(
            failure('ValueConsumed', {
              where: 'read',
              expected: `a live value of the ${name} backend`,
              actual: 'one that was released or donated',
              hint: 'read it before, or read the output that took it over',
            }),
          )
        : E.right(readNumbers(arrayOf(buffer, address), buffer.dtype));
    },
    release: (buffer) => () => memory.release(buffer),
    stats: memory.stats,
    close: async () => {
      memory.close();
      return E.right(undefined);
    },
    lost: () => null,
  };
};
