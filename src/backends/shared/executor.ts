/** Runs plans: checks the inputs, finds memory for the results, and passes donated memory on. */
import type { DeviceBuffer, KeyWords, Runner, Slot } from '../../dsl/backend.js';
import { attempt, fail, failure, type NoisefoldError, showShape } from '../../dsl/errors.js';
import { sizeOf } from '../../dsl/node.js';
import type { Call, Plan, PlanInput } from '../../dsl/plan.js';
import { E, type either } from '../../internal/fp.js';
import { type Named, type Rule, writtenBy } from './kernel.js';
import type { Memory } from './memory.js';
import { evaluateKey } from './random.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** The error of a run, and the position of the last call that may have written anything; -1 if none has. */
export interface Failed {
  readonly at: number;
  readonly error: NoisefoldError;
}

/** A plan laid out in memory with the kernels of its calls. */
export interface Execution {
  /** Sets the address of the buffer of an input or an output for the next run. */
  readonly place: (buffer: number, address: number) => void;
  readonly setKey: (input: number, key: KeyWords) => void;
  /**
   * Carries out all calls, in their order. Gives a promise if they go on elsewhere, in the order in which they were
   * given. Appends the milliseconds of each call to `milliseconds`, if there is one.
   */
  readonly run: (milliseconds: number[] | null) => Failed | null | Promise<Failed | null>;
  readonly release: () => void;
}

/** Names a call in messages. */
export const nameOf = ({ origin }: Call): string =>
  origin.place === '' ? origin.label : `${origin.label} (${origin.place})`;

/** Finds a kernel for each call: that of the first rule that takes it. A rule may raise an error. */
export const kernelsOf = <K extends Named>(plan: Plan, rules: readonly Rule<K>[]): Result<readonly K[]> => {
  const kernels: K[] = [];
  for (const call of plan.calls) {
    const made = attempt(() => rules.reduce<K | null>((found, rule) => found ?? rule(call), null));
    if (E.isLeft(made)) return made;
    const kernel = made.right;
    if (kernel === null)
      return fail('BackendFailure', {
        where: nameOf(call),
        expected: 'a kernel',
        actual: `none for this ${call.kind} call`,
        hint: 'run the plan on the backend that it was lowered for',
      });
    kernels.push(kernel);
  }
  return E.right(kernels);
};

const isKey = (slot: Slot | undefined): slot is KeyWords => Array.isArray(slot);

const refuse = (input: PlanInput, actual: string, hint: string): Result<never> =>
  fail('BackendFailure', {
    where: `input ${input.path}`,
    expected: `${input.dtype} ${showShape(input.shape)}`,
    actual,
    hint,
  });

/** Checks one input of a run against the plan, and gives its address (0 for a key). */
const addressOf = (input: PlanInput, slot: Slot | undefined, memory: Memory): Result<number> => {
  if (slot === undefined || isKey(slot) !== (input.dtype === 'key'))
    return refuse(input, slot === undefined ? 'nothing' : isKey(slot) ? 'a key' : 'a number buffer', 'give one value for each input, in their order'); // prettier-ignore
  if (isKey(slot)) return E.right(0);
  if (slot.dtype !== input.dtype || slot.elements !== sizeOf(input.shape))
    return refuse(input, `${slot.elements} elements of ${slot.dtype}`, 'compile for the shapes that are run');
  return memory.addressOf(slot, `input ${input.path}`);
};

/** Finds a donated value that is given twice: a run may not read and overwrite one value under two names. */
const donatedTwice = (plan: Plan, inputs: readonly Slot[]): PlanInput | undefined => {
  const uses = new Map<Slot | undefined, number>();
  for (const slot of inputs) uses.set(slot, 1 + (uses.get(slot) ?? 0));
  return plan.inputs.find((input, i) => input.donated && input.dtype !== 'key' && uses.get(inputs[i])! > 1);
};

/** Checks the inputs of a run, and gives their addresses in the order of the plan's inputs. */
const addressesOf = (plan: Plan, inputs: readonly Slot[], memory: Memory): Result<readonly number[]> => {
  const addresses: number[] = [];
  for (const [i, input] of plan.inputs.entries()) {
    const address = addressOf(input, inputs[i], memory);
    if (E.isLeft(address)) return address;
    addresses.push(address.right);
  }
  const twice = donatedTwice(plan, inputs);
  return twice === undefined
    ? E.right(addresses)
    : refuse(twice, 'a donated value given twice', 'donate a copy, or do not donate it');
};

/** Makes the runner of a plan that is laid out; `kernels` names the kernel of each of its calls. */
export const createRunner = (
  plan: Plan,
  memory: Memory,
  kernels: readonly Named[],
  execution: Execution,
): Runner => {
  const placed = (kind: 'input' | 'output', position: number): readonly number[] =>
    plan.buffers.flatMap(({ storage }, i) =>
      (storage.kind === 'input' && kind === 'input' && storage.input === position) ||
      (storage.kind === 'output' && kind === 'output' && storage.output === position)
        ? [i]
        : [],
    );
  /** By input and by output: the buffers that lie in its memory. */
  const inputBuffers = plan.inputs.map((_, i) => placed('input', i));
  const outputBuffers = plan.outputs.map((_, k) => placed('output', k));
  /** By output: the input whose memory it takes over, or -1. */
  const donors = plan.outputs.map((_, k) => plan.inputs.findIndex((input) => input.donatedTo === k));
  /** By output: the first call that writes it, or -1. */
  const firstWrites = plan.outputs.map((output) =>
    plan.calls.findIndex((call) => output.kind === 'buffer' && writtenBy(call).includes(output.view.buffer)),
  );
  let released = false;

  const ended = (): NoisefoldError | null => {
    if (!released) return memory.closed();
    const about = { where: 'run', expected: 'a live executable', actual: 'a released one' };
    return memory.closed() ?? failure('BackendFailure', { ...about, hint: 'compile it again' });
  };

  /** Takes memory for the outputs that take over none; null for the others. */
  const holdOutputs = async (): Promise<Result<readonly (DeviceBuffer | null)[]>> => {
    const held: (DeviceBuffer | null)[] = [];
    for (const [k, output] of plan.outputs.entries()) {
      if (output.kind === 'key' || donors[k] !== -1) held.push(null);
      else {
        const buffer = await memory.hold(plan.buffers[output.view.buffer]!.elements, output.view.dtype);
        if (E.isLeft(buffer)) {
          held.forEach((earlier) => earlier !== null && memory.release(earlier));
          return buffer;
        }
        held.push(buffer.right);
      }
    }
    return E.right(held);
  };

  /** Places the inputs and the outputs of the next run, or says why there can be none. */
  const bind = (inputs: readonly Slot[], held: readonly (DeviceBuffer | null)[]): Result<void> => {
    const end = ended();
    const addresses = end === null ? addressesOf(plan, inputs, memory) : E.left(end);
    if (E.isLeft(addresses)) return addresses;
    inputs.forEach((slot, i) => {
      if (isKey(slot)) execution.setKey(i, slot);
      else for (const buffer of inputBuffers[i]!) execution.place(buffer, addresses.right[i]!);
    });
    for (const [k, own] of held.entries()) {
      // an output that is a key has no buffers to place
      const address = own === null ? E.right(addresses.right[donors[k]!] ?? 0) : memory.addressOf(own, 'run');
      if (E.isLeft(address)) return address;
      for (const buffer of outputBuffers[k]!) execution.place(buffer, address.right);
    }
    return E.right(undefined);
  };

  /** The results, donated memory among them. */
  const handOut = (inputs: readonly Slot[], held: readonly (DeviceBuffer | null)[]): readonly Slot[] => {
    const keys = inputs.map((slot) => (isKey(slot) ? slot : undefined));
    const outputs = plan.outputs.map((output, k): Slot => {
      if (output.kind === 'key') return evaluateKey(output.key, keys);
      // a donor is a number buffer: keys have no memory to take over
      const donor = inputs[donors[k]!] as DeviceBuffer | undefined;
      return held[k] ?? memory.transfer(donor!, output.view.dtype);
    });
    plan.inputs.forEach((input, i) => {
      const slot = inputs[i]!;
      if (input.donated && input.donatedTo === null && !isKey(slot)) memory.release(slot);
    });
    return outputs;
  };

  /** Releases the inputs that have been overwritten in part; all other inputs stay as they were. */
  const giveUp = (inputs: readonly Slot[], held: readonly (DeviceBuffer | null)[], at: number): void => {
    held.forEach((buffer) => buffer !== null && memory.release(buffer));
    donors.forEach((donor, k) => {
      const slot = inputs[donor];
      if (firstWrites[k]! >= 0 && firstWrites[k]! <= at && slot !== undefined && !isKey(slot))
        memory.release(slot);
    });
  };

  const runOnce = async (
    inputs: readonly Slot[],
    milliseconds: number[] | null,
  ): Promise<Result<readonly Slot[]>> => {
    const before = ended();
    if (before !== null) return E.left(before);
    const sound = addressesOf(plan, inputs, memory);
    if (E.isLeft(sound)) return sound;
    const held = await holdOutputs();
    if (E.isLeft(held)) return held;

    // from here to the hand-out nothing waits: addresses hold, and another run finds what is donated gone
    const bound = bind(inputs, held.right);
    if (E.isLeft(bound)) {
      held.right.forEach((buffer) => buffer !== null && memory.release(buffer));
      return bound;
    }
    const running = execution.run(milliseconds);
    if (running !== null && 'at' in running) {
      giveUp(inputs, held.right, running.at);
      return E.left(running.error);
    }
    const outputs = handOut(inputs, held.right);
    const failed = await running;
    if (failed === null) return E.right(outputs);
    for (const slot of outputs) if (!isKey(slot)) memory.release(slot);
    return E.left(failed.error);
  };

  return {
    kernels: kernels.map(({ name }) => name),
    run: (inputs) => () => runOnce(inputs, null),
    profile: (inputs) => async () => {
      const milliseconds: number[] = [];
      return E.map((outputs: readonly Slot[]) => ({ outputs, milliseconds }))(await runOnce(inputs, milliseconds));
    }, // prettier-ignore
    release: () => {
      if (!released) execution.release();
      released = true;
    },
  };
};
