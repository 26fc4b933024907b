/** Combines several backends into one, for laws about all of them at once. */
import type { Backend, DeviceBuffer, Runner, Slot } from '../../src/dsl/plan/backend.js';
import { failure, type NoisefoldError } from '../../src/internal/errors.js';
import { E, type either } from '../../src/internal/fp.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** The bytes of numbers: -0 differs from 0, and each NaN from the others. */
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

/**
 * Makes a backend that runs everything on each of several backends, and fails if they differ: in the bits of a number,
 * or if only some have an error.
 */
export const together = (backends: readonly Backend[]): Backend => {
  const [first] = backends as [Backend, ...Backend[]];
  const own = new WeakMap<DeviceBuffer, readonly DeviceBuffer[]>();
  const differing = (what: string): Result<never> =>
    E.left(
      failure('BackendFailure', {
        where: 'backends together',
        expected: 'equal results',
        actual: what,
        hint: 'each of them has to do the same',
      }),
    );
  /** The results of all if all succeed, or the first error if all fail with the same error. */
  const agreed = <A>(results: readonly Result<A>[]): Result<readonly A[]> => {
    const tags = new Set(results.map((result) => (E.isLeft(result) ? result.left._tag : 'a value')));
    if (tags.size > 1) return differing([...tags].join(' and '));
    const values = results.flatMap((result) => (E.isRight(result) ? [result.right] : []));
    return values.length > 0 ? E.right(values) : E.map(() => values)(results[0]!);
  };
  const each = async <A>(call: (backend: Backend, i: number) => Promise<Result<A>>): Promise<Result<readonly A[]>> =>
    agreed(await Promise.all(backends.map(call)));
  const join = (buffers: readonly DeviceBuffer[]): DeviceBuffer => {
    const { elements, dtype } = buffers[0]!;
    const buffer = { elements, dtype };
    own.set(buffer, buffers);
    return buffer;
  };
  const partOf = (slot: Slot, i: number): Slot => ('dtype' in slot ? own.get(slot)![i]! : slot);
  const joinedSlots = (all: readonly (readonly Slot[])[]): readonly Slot[] =>
    // slots at one position are all buffers, or all keys
    all[0]!.map((slot, at) => ('dtype' in slot ? join(all.map((slots) => slots[at] as DeviceBuffer)) : slot));
  const runnerOf = (runners: readonly Runner[]): Runner => ({
    kernels: runners[0]!.kernels,
    run: (inputs) => async () =>
      E.map(joinedSlots)(await each((_, i) => runners[i]!.run(inputs.map((slot) => partOf(slot, i)))())),
    profile: (inputs) => async () =>
      E.map((all: readonly { outputs: readonly Slot[]; milliseconds: readonly number[] }[]) => ({
        outputs: joinedSlots(all.map(({ outputs }) => outputs)),
        milliseconds: all[0]!.milliseconds,
      }))(await each((_, i) => runners[i]!.profile(inputs.map((slot) => partOf(slot, i)))())),
    release: () => runners.forEach((runner) => runner.release()),
  });
  return {
    name: first.name,
    capabilities: first.capabilities,
    rounding: first.rounding,
    compile: (plan) => async () => E.map(runnerOf)(await each((backend) => backend.compile(plan)())),
    upload: (data, dtype) => async () => E.map(join)(await each((backend) => backend.upload(data, dtype)())),
    read: (buffer) => async () => {
      const all = await each((backend, i) => backend.read(own.get(buffer)![i]!)());
      if (E.isLeft(all)) return all;
      const [expected, ...others] = all.right;
      const off = others.findIndex((numbers) => !bytesOf(numbers).equals(bytesOf(expected!)));
      return off < 0 ? E.right(expected!) : differing(`other bits on backend ${off + 1}`);
    },
    release: (buffer) => () => backends.forEach((backend, i) => backend.release(own.get(buffer)![i]!)()),
    stats: first.stats,
    close: async () => E.map(() => undefined)(await each((backend) => backend.close())),
    closed: first.closed,
    lost: () => backends.map((backend) => backend.lost()).find((loss) => loss !== null) ?? null,
  };
};
