/** Runs plans: checks the inputs, allocates memory for the outputs and reuses donated memory. */
import type { DeviceBuffer, KeyWords, Runner, Slot } from '../../dsl/plan/backend.js';
import { attempt, fail, failure, type NoisefoldError, showShape } from '../../internal/errors.js';
import { sizeOf } from '../../internal/numbers.js';
import { type Call, type Plan, type PlanInput, writesOf } from '../../dsl/plan/plan.js';
import { E, type either } from '../../internal/fp.js';
import type { Pieces } from '../../internal/stop.js';
import type { NamedKernel, Rule } from './kernel.js';
import type { Memory } from './memory.js';
import { evaluateKey } from './random.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** The error of a run. `at` is the position of the last call that may have written to memory, or -1 if no call has. */
export interface RunFailure {
  readonly at: number;
  readonly error: NoisefoldError;
}

/** A plan in memory, with the kernels of its calls. */
export interface Execution {
  /** Sets the address of the buffer of an input or an output for the next run. */
  readonly place: (buffer: number, address: number) => void;
  readonly setKey: (input: number, key: KeyWords) => void;
  /**
   * Runs all calls in order. Returns a promise if the calls run asynchronously; runs then take effect in the order in
   * which they were started. Appends the milliseconds of each call to `milliseconds` unless it is null.
   */
  readonly run: (milliseconds: number[] | null) => RunFailure | null | Promise<RunFailure | null>;
  readonly release: () => void;
}

/** Names a call in error messages. */
export const nameOf = ({ origin }: Call): string =>
  origin.place === '' ? origin.label : `${origin.label} (${origin.place})`;

/** Finds a kernel for each call. The first rule that handles a call wins. A rule may raise an error. */
export function* kernelsOf<K extends NamedKernel>(plan: Plan, rules: readonly Rule<K>[]): Pieces<Result<readonly K[]>> {
  const kernels: K[] = [];
  for (const call of plan.calls) {
    const result = attempt(() => rules.reduce<K | null>((match, rule) => match ?? rule(call), null));
    if (E.isLeft(result)) return result;
    const kernel = result.right;
    if (kernel === null)
      return fail('BackendFailure', {
        where: nameOf(call),
        expected: 'a kernel',
        actual: `none for this ${call.kind} call`,
        hint: 'run the plan on the backend for which it was lowered',
      });
    kernels.push(kernel);
    yield;
  }
  return E.right(kernels);
}

const isKey = (slot: Slot | undefined): slot is KeyWords => Array.isArray(slot);

const refuse = (input: PlanInput, actual: string, hint: string): Result<never> =>
  fail('BackendFailure', {
    where: `input ${input.path}`,
    expected: `${input.dtype} ${showShape(input.shape)}`,
    actual,
    hint,
  });

/** Checks one input of a run against the plan and returns its address (0 for a key). */
const addressOf = (input: PlanInput, slot: Slot | undefined, memory: Memory): Result<number> => {
  if (slot === undefined || isKey(slot) !== (input.dtype === 'key'))
    return refuse(input, slot === undefined ? 'nothing' : isKey(slot) ? 'a key' : 'a number buffer', 'pass one value for each input, in order'); // oxfmt-ignore
  if (isKey(slot)) return E.right(0);
  if (slot.dtype !== input.dtype || slot.elements !== sizeOf(input.shape))
    return refuse(input, `${slot.elements} elements of ${slot.dtype}`, 'compile the program for these shapes');
  return memory.addressOf(slot, `input ${input.path}`);
};

/** Finds a donated value that is passed twice: a run must not read a value that it overwrites under another name. */
const donatedTwice = (plan: Plan, inputs: readonly Slot[]): PlanInput | undefined => {
  const uses = new Map<Slot | undefined, number>();
  for (const slot of inputs) if (!isKey(slot)) uses.set(slot, 1 + (uses.get(slot) ?? 0));
  return plan.inputs.find((input, i) => input.donated && input.dtype !== 'key' && uses.get(inputs[i])! > 1);
};

/** Checks the inputs of a run and returns their addresses, in the order of the plan's inputs. */
const addressesOf = (plan: Plan, inputs: readonly Slot[], memory: Memory): Result<readonly number[]> => {
  const addresses: number[] = [];
  for (let i = 0; i < plan.inputs.length; i++) {
    const address = addressOf(plan.inputs[i]!, inputs[i], memory);
    if (E.isLeft(address)) return address;
    addresses.push(address.right);
  }
  const twice = donatedTwice(plan, inputs);
  return twice === undefined
    ? E.right(addresses)
    : refuse(twice, 'a donated value that is passed twice', 'donate a copy, or do not donate it');
};

/** The memory of a run, by output or by input. Null for a key, and for an output or input without memory of its own. */
type RunMemory = readonly (DeviceBuffer | null)[];

/** For each input and each output, the buffers of the plan that lie in its memory. */
const buffersIn = ({ inputs, outputs, buffers }: Plan) => {
  const [ofInputs, ofOutputs] = [inputs.map((): number[] => []), outputs.map((): number[] => [])];
  buffers.forEach(({ storage }, i) => {
    if (storage.kind === 'input') ofInputs[storage.input]!.push(i);
    if (storage.kind === 'output') ofOutputs[storage.output]!.push(i);
  });
  return { ofInputs, ofOutputs };
};

/** For each output, the donated input whose memory it reuses, or -1. */
const donorsOf = ({ inputs, outputs }: Plan): readonly number[] => {
  const donors = outputs.map(() => -1);
  inputs.forEach(({ donatedTo }, input) => {
    if (donatedTo !== null) donors[donatedTo] = input;
  });
  return donors;
};

/** For each output, the first call that writes it, or -1. */
const firstWritesOf = ({ outputs, calls }: Plan): readonly number[] => {
  const first = new Map<number, number>(); // by buffer
  calls.forEach((call, at) => {
    for (const buffer of writesOf(call)) if (!first.has(buffer)) first.set(buffer, at);
  });
  return outputs.map((output) => (output.kind === 'buffer' ? (first.get(output.view.buffer) ?? -1) : -1));
};

/** The memory of the outputs of runs. */
const outputMemory = (plan: Plan, memory: Memory, donors: readonly number[]) => {
  const firstWrites = firstWritesOf(plan);

  const allocateOutputs = async (): Promise<Result<RunMemory>> => {
    const outputs: (DeviceBuffer | null)[] = [];
    for (const [k, output] of plan.outputs.entries()) {
      if (output.kind === 'key' || donors[k] !== -1) outputs.push(null);
      else {
        const buffer = await memory.hold(plan.buffers[output.view.buffer]!.elements, output.view.dtype);
        if (E.isLeft(buffer)) {
          outputs.forEach((earlier) => earlier !== null && memory.release(earlier));
          return buffer;
        }
        outputs.push(buffer.right);
      }
    }
    return E.right(outputs);
  };

  /**
   * Takes the donated inputs from the caller: from now on these values are consumed. Returns their memory by input;
   * null for other inputs.
   */
  const takeDonated = (inputs: readonly Slot[]): RunMemory =>
    plan.inputs.map((input, i) => {
      const slot = inputs[i]!;
      return input.donated && !isKey(slot) ? memory.transfer(slot) : null;
    });

  /** Returns the results, including those in donated memory, and frees donated inputs that no output reuses. */
  const outputsOf = (inputs: readonly Slot[], outputs: RunMemory, donated: RunMemory): readonly Slot[] => {
    const keys = inputs.map((slot) => (isKey(slot) ? slot : undefined));
    plan.inputs.forEach(({ donatedTo }, i) => donatedTo === null && donated[i] && memory.release(donated[i]));
    return plan.outputs.map((output, k): Slot =>
      output.kind === 'key' ? evaluateKey(output.key, keys) : (outputs[k] ?? donated[donors[k]!]!),
    );
  };

  /** Frees the outputs of a failed run, and gives the donated inputs back unless the run has begun to overwrite them. */
  const undo = (inputs: readonly Slot[], outputs: RunMemory, donated: RunMemory, at: number): void => {
    outputs.forEach((buffer) => buffer && memory.release(buffer));
    donated.forEach((buffer, i) => {
      const slot = inputs[i]!;
      if (buffer === null || isKey(slot)) return;
      const output = plan.inputs[i]!.donatedTo;
      const write = output === null ? -1 : firstWrites[output]!;
      if (write >= 0 && write <= at) memory.release(buffer);
      else memory.restore(buffer, slot);
    });
  };

  return { allocateOutputs, takeDonated, outputsOf, undo };
};

/** Makes a function that sets the addresses of the inputs and outputs for the next run. It fails if the run is not possible. */
const binder = (plan: Plan, memory: Memory, execution: Execution, donors: readonly number[]) => {
  const { ofInputs, ofOutputs } = buffersIn(plan);
  return (inputs: readonly Slot[], outputs: RunMemory): Result<void> => {
    const end = memory.closed();
    const addresses = end === null ? addressesOf(plan, inputs, memory) : E.left(end);
    if (E.isLeft(addresses)) return addresses;
    inputs.forEach((slot, i) => {
      if (isKey(slot)) execution.setKey(i, slot);
      else for (const buffer of ofInputs[i]!) execution.place(buffer, addresses.right[i]!);
    });
    for (const [k, own] of outputs.entries()) {
      // an output that is a key has no buffers
      const address = own === null ? E.right(addresses.right[donors[k]!] ?? 0) : memory.addressOf(own, 'run');
      if (E.isLeft(address)) return address;
      for (const buffer of ofOutputs[k]!) execution.place(buffer, address.right);
    }
    return E.right(undefined);
  };
};

/** Makes the runner of a plan that is in memory. `kernels` names the kernel of each call. */
export const createRunner = (
  plan: Plan,
  memory: Memory,
  kernels: readonly NamedKernel[],
  execution: Execution,
): Runner => {
  const donors = donorsOf(plan);
  const { allocateOutputs, takeDonated, outputsOf, undo } = outputMemory(plan, memory, donors);
  const bind = binder(plan, memory, execution, donors);
  let released = false;
  /** Runs in progress: they keep the memory of the plan when the executable is released. */
  let running = 0;
  const releaseUnused = (): void => {
    if (released && running === 0) execution.release();
  };

  const unusable = (): NoisefoldError | null => {
    const about = { where: 'run', expected: 'a live executable', actual: 'a released one', hint: 'compile it again' };
    return memory.closed() ?? (released ? failure('BackendFailure', about) : null);
  };

  const runBound = async (inputs: readonly Slot[], milliseconds: number[] | null): Promise<Result<readonly Slot[]>> => {
    const checked = addressesOf(plan, inputs, memory);
    if (E.isLeft(checked)) return checked;
    const outputs = await allocateOutputs();
    if (E.isLeft(outputs)) return outputs;

    // no `await` until the donated inputs are taken, so that addresses stay valid and a concurrent run sees the inputs
    // as consumed
    const bound = bind(inputs, outputs.right);
    if (E.isLeft(bound)) {
      outputs.right.forEach((buffer) => buffer !== null && memory.release(buffer));
      return bound;
    }
    const outcome = execution.run(milliseconds);
    const donated = takeDonated(inputs);
    const failure = await outcome;
    if (failure === null) return E.right(outputsOf(inputs, outputs.right, donated));
    undo(inputs, outputs.right, donated, failure.at);
    return E.left(failure.error);
  };

  const runOnce = async (inputs: readonly Slot[], milliseconds: number[] | null): Promise<Result<readonly Slot[]>> => {
    const before = unusable();
    if (before !== null) return E.left(before);
    running++;
    try {
      return await runBound(inputs, milliseconds);
    } finally {
      running--;
      releaseUnused();
    }
  };

  return {
    kernels: kernels.map(({ name }) => name),
    run: (inputs) => () => runOnce(inputs, null),
    profile: (inputs) => async () => {
      const milliseconds: number[] = [];
      return E.map((outputs: readonly Slot[]) => ({ outputs, milliseconds }))(await runOnce(inputs, milliseconds));
    }, // oxfmt-ignore
    release: () => {
      if (released) return;
      released = true;
      releaseUnused();
    },
  };
};
