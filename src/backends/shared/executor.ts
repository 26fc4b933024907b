/**
 * Runs plans on memory that the host sees: all is laid out and bound when a plan is compiled, and a
 * run is a loop over closures.
 */
import type { DeviceBuffer, KeyWords, Runner, Slot } from '../../dsl/backend.js';
import { fail, failure, type NoisefoldError, showShape } from '../../dsl/errors.js';
import { sizeOf } from '../../dsl/node.js';
import type { Call, Plan, PlanInput } from '../../dsl/plan.js';
import { E, type either } from '../../internal/fp.js';
import { type Kernel, type Rule, writtenBy } from './kernel.js';
import { layOut, type PlanLayout } from './layout.js';
import type { Memory } from './memory.js';
import { evaluateKey } from './random.js';

type Result<A> = either.Either<NoisefoldError, A>;

const nameOf = ({ origin }: Call): string =>
  origin.place === '' ? origin.label : `${origin.label} (${origin.place})`;

/** The first rule that takes each call. */
const kernelsOf = (plan: Plan, rules: readonly Rule[]): Result<readonly Kernel[]> => {
  const kernels: Kernel[] = [];
  for (const call of plan.calls) {
    const kernel = rules.reduce<Kernel | null>((found, rule) => found ?? rule(call), null);
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

/** Compiles a plan: chooses a kernel for each call, reserves the arena, uploads the constants. */
export const compilePlan = (plan: Plan, memory: Memory, rules: readonly Rule[]): Result<Runner> =>
  E.flatMap((kernels: readonly Kernel[]) =>
    E.map((layout: PlanLayout) => createRunner(plan, memory, kernels, layout))(layOut(plan, memory)),
  )(kernelsOf(plan, rules));

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
  const address = memory.addressOf(slot);
  return address === undefined
    ? fail('ValueConsumed', {
        where: `input ${input.path}`,
        expected: 'a live value of this backend',
        actual: 'one that was released or donated',
        hint: 'go on with the outputs of the run that it was donated to',
      })
    : E.right(address);
};

/** A value may not be read and overwritten in one run under two names. */
const donatedTwice = (plan: Plan, inputs: readonly Slot[]): PlanInput | undefined => {
  const uses = new Map<Slot | undefined, number>();
  for (const slot of inputs) uses.set(slot, 1 + (uses.get(slot) ?? 0));
  return plan.inputs.find((input, i) => input.donated && input.dtype !== 'key' && uses.get(inputs[i])! > 1);
};

const createRunner = (plan: Plan, memory: Memory, kernels: readonly Kernel[], layout: PlanLayout): Runner => {
  const { frame } = layout;
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

  const bindInputs = (inputs: readonly Slot[]): Result<readonly number[]> => {
    const addresses: number[] = [];
    for (const [i, input] of plan.inputs.entries()) {
      const address = addressOf(input, inputs[i], memory);
      if (E.isLeft(address)) return address;
      addresses.push(address.right);
    }
    const twice = donatedTwice(plan, inputs);
    if (twice !== undefined)
      return refuse(twice, 'a donated value given twice', 'donate a copy, or do not donate it');
    inputs.forEach((slot, i) => {
      if (isKey(slot)) layout.setKey(i, slot);
      else for (const buffer of inputBuffers[i]!) layout.place(buffer, addresses[i]!);
    });
    return E.right(addresses);
  };

  /** Memory for the outputs that take over none; null for the others. */
  const holdOutputs = (): Result<readonly (DeviceBuffer | null)[]> => {
    const held: (DeviceBuffer | null)[] = [];
    for (const [k, output] of plan.outputs.entries()) {
      if (output.kind === 'key' || donors[k] !== -1) held.push(null);
      else {
        const buffer = memory.hold(plan.buffers[output.view.buffer]!.elements, output.view.dtype);
        if (E.isLeft(buffer)) {
          held.forEach((earlier) => earlier !== null && memory.release(earlier));
          return buffer;
        }
        held.push(buffer.right);
      }
    }
    return E.right(held);
  };

  /** Runs the calls; gives null, or the position of the call that threw and what it threw. */
  const execute = (
    milliseconds: number[] | null,
  ): { readonly at: number; readonly thrown: unknown } | null => {
    let at = 0;
    try {
      for (; at < kernels.length; at++) {
        const start = milliseconds === null ? 0 : performance.now();
        frame.refresh();
        kernels[at]!.run(frame);
        milliseconds?.push(performance.now() - start);
      }
      return null;
    } catch (thrown) {
      return { at, thrown };
    }
  };

  const runOnce = (inputs: readonly Slot[], milliseconds: number[] | null): Result<readonly Slot[]> => {
    if (released || memory.isClosed())
      return fail('BackendFailure', { where: 'run', expected: 'a live executable', actual: 'a released one', hint: 'compile it again' }); // prettier-ignore
    const bound = bindInputs(inputs);
    if (E.isLeft(bound)) return bound;
    const held = holdOutputs();
    if (E.isLeft(held)) return held;
    held.right.forEach((buffer, k) => {
      const address = buffer === null ? bound.right[donors[k]!] : memory.addressOf(buffer);
      if (address !== undefined) for (const b of outputBuffers[k]!) layout.place(b, address);
    });

    const failed = execute(milliseconds);
    if (failed !== null) {
      held.right.forEach((buffer) => buffer !== null && memory.release(buffer));
      // what has been overwritten in part is gone; all other inputs are as they were
      donors.forEach((donor, k) => {
        const slot = inputs[donor];
        if (firstWrites[k]! >= 0 && firstWrites[k]! <= failed.at && slot !== undefined && !isKey(slot))
          memory.release(slot);
      });
      return E.left(
        failure('BackendFailure', {
          where: nameOf(plan.calls[failed.at]!),
          expected: `${kernels[failed.at]!.name} to run`,
          actual: failed.thrown instanceof Error ? failed.thrown.message : String(failed.thrown),
          hint: 'if it is for want of memory, use a smaller batch',
        }),
      );
    }

    const outputs = plan.outputs.map((output, k): Slot => {
      if (output.kind === 'key') return evaluateKey(output.key, frame.keys);
      // a donor is a number buffer: keys have no memory to take over
      const donor = inputs[donors[k]!] as DeviceBuffer | undefined;
      return held.right[k] ?? memory.transfer(donor!, output.view.dtype);
    });
    plan.inputs.forEach((input, i) => {
      const slot = inputs[i]!;
      if (input.donated && input.donatedTo === null && !isKey(slot)) memory.release(slot);
    });
    return E.right(outputs);
  };

  return {
    kernels: kernels.map(({ name }) => name),
    run: (inputs) => async () => runOnce(inputs, null),
    profile: (inputs) => async () => {
      const milliseconds: number[] = [];
      return E.map((outputs: readonly Slot[]) => ({ outputs, milliseconds }))(runOnce(inputs, milliseconds));
    },
    release: () => {
      if (!released) layout.release();
      released = true;
    },
  };
};
