/**
 * Measures the time of each call of a plan: by timestamps of the device, or by the clock of the host if the device has
 * no timestamps.
 */
import type { NoisefoldError } from '../../../internal/errors.js';
import { type Gpu, submit } from './gpu.js';
import { createTimer, type Timer } from './timing.js';

/** A plan that is bound to its memory. */
interface Calls {
  readonly gpu: Gpu;
  /** The number of calls. */
  readonly calls: number;
  readonly writeKeys: () => void;
  /** Encodes a call in its own pass. */
  readonly encodeCall: (encoder: GPUCommandEncoder, call: number, about?: GPUComputePassDescriptor) => void;
}

const numbersTo = (calls: number): readonly number[] => Array.from({ length: calls }, (_, call) => call);

/** Submits each call in its own pass, with timestamps. */
const submitTimed = ({ gpu, calls, encodeCall }: Calls, timer: Timer): void =>
  submit(gpu.device, (encoder) => {
    for (const call of numbersTo(calls)) encodeCall(encoder, call, { timestampWrites: timer.timestamps(call) });
    timer.resolve(encoder);
  });

/** Submits each call separately. Each promise resolves to the time when its call was done. */
const submitSeparately = ({ gpu: { device }, calls, encodeCall }: Calls): readonly Promise<number>[] =>
  numbersTo(calls).map((call) => {
    submit(device, (encoder) => encodeCall(encoder, call));
    return device.queue.onSubmittedWorkDone().then(() => performance.now());
  });

/** Runs all calls, and appends the milliseconds of each. Returns an error or null. */
export const profile = async (bound: Calls, milliseconds: number[]): Promise<NoisefoldError | null> => {
  const { gpu, writeKeys } = bound;
  const start = performance.now();
  let timer: Timer | null = null;
  let done: readonly Promise<number>[] = [];
  const failure = gpu.guarded('profile', () => {
    writeKeys();
    if (gpu.device.features.has('timestamp-query')) submitTimed(bound, (timer = createTimer(gpu.device, bound.calls)));
    else done = submitSeparately(bound);
  });
  try {
    const error = await failure;
    if (error !== null) return error;
    if (timer !== null) milliseconds.push(...(await (timer as Timer).read()));
    else (await Promise.all(done)).reduce((before, at) => (milliseconds.push(at - before), at), start);
    return null;
  } catch (thrown) {
    return await gpu.rejected('profile', thrown);
  } finally {
    (timer as Timer | null)?.release(); // assigned in the callback above
  }
};
