/** Measures the time of each call on the device. */
import { USAGE } from './gpuSpace.js';

/** Records timestamps of compute passes, numbered from 0. */
export interface Timer {
  readonly timestamps: (pass: number) => GPUComputePassTimestampWrites;
  /** Encodes the copy of the timestamps. Call it after all passes are encoded. */
  readonly resolve: (encoder: GPUCommandEncoder) => void;
  /** Reads the milliseconds of each pass. Call it after the commands are submitted. */
  readonly read: () => Promise<readonly number[]>;
  /** Destroys the query sets and buffers. Call it at the end, also after an error. */
  readonly release: () => void;
}

/** Maximum number of timestamps in a query set. */
const MAX_QUERIES = 4096;

/** Makes a timer. It requires the feature `timestamp-query`. */
export const createTimer = (device: GPUDevice, passes: number): Timer => {
  const sets = Array.from({ length: Math.ceil((2 * passes) / MAX_QUERIES) }, (_, i) =>
    device.createQuerySet({ type: 'timestamp', count: Math.min(MAX_QUERIES, 2 * passes - i * MAX_QUERIES) }),
  );
  const size = Math.max(16, 16 * passes);
  const resolved = device.createBuffer({ size, usage: USAGE.queryResolve | USAGE.copyFrom });
  const staging = device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTo });
  return {
    timestamps: (pass) => {
      const at = 2 * pass;
      return {
        querySet: sets[Math.floor(at / MAX_QUERIES)]!,
        beginningOfPassWriteIndex: at % MAX_QUERIES,
        endOfPassWriteIndex: (at % MAX_QUERIES) + 1,
      };
    },
    resolve: (encoder) => {
      sets.forEach((set, i) => encoder.resolveQuerySet(set, 0, set.count, resolved, 8 * i * MAX_QUERIES));
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    },
    read: async () => {
      await staging.mapAsync(1); // GPUMapMode.READ
      const times = new BigInt64Array(staging.getMappedRange());
      return Array.from({ length: passes }, (_, i) => Number(times[2 * i + 1]! - times[2 * i]!) / 1e6);
    },
    release: () => {
      for (const used of [staging, resolved, ...sets]) used.destroy();
    },
  };
};
