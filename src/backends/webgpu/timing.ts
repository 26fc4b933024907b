/** How long the calls of a run take on the device. */
import { USAGE } from './gpuSpace.js';

/** Takes the times of passes, numbered from 0. */
export interface Timer {
  readonly timestamps: (pass: number) => GPUComputePassTimestampWrites;
  /** To be encoded after the passes. */
  readonly resolve: (encoder: GPUCommandEncoder) => void;
  /** The milliseconds of each pass, once all is submitted. */
  readonly read: () => Promise<readonly number[]>;
}

/** A query set holds so many times at most. */
const LARGEST_SET = 4096;

/** By timestamps, where the device has them. */
export const createTimer = (device: GPUDevice, passes: number): Timer => {
  const sets = Array.from({ length: Math.ceil((2 * passes) / LARGEST_SET) }, (_, i) =>
    device.createQuerySet({ type: 'timestamp', count: Math.min(LARGEST_SET, 2 * passes - i * LARGEST_SET) }),
  );
  const size = Math.max(16, 16 * passes);
  const resolved = device.createBuffer({ size, usage: USAGE.queryResolve | USAGE.copyFrom });
  const staging = device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTo });
  return {
    timestamps: (pass) => {
      const at = 2 * pass;
      return {
        querySet: sets[Math.floor(at / LARGEST_SET)]!,
        beginningOfPassWriteIndex: at % LARGEST_SET,
        endOfPassWriteIndex: (at % LARGEST_SET) + 1,
      };
    },
    resolve: (encoder) => {
      sets.forEach((set, i) => encoder.resolveQuerySet(set, 0, set.count, resolved, 8 * i * LARGEST_SET));
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    },
    read: async () => {
      await staging.mapAsync(1); // GPUMapMode.READ
      const times = new BigInt64Array(staging.getMappedRange());
      const milliseconds = Array.from(
        { length: passes },
        (_, i) => Number(times[2 * i + 1]! - times[2 * i]!) / 1e6,
      );
      staging.destroy();
      resolved.destroy();
      for (const set of sets) set.destroy();
      return milliseconds;
    },
  };
};
