/** The interface of backends. A backend is always passed explicitly, as the environment of an {@link Effect}. */
import type { io, taskEither } from '../../internal/fp.js';
import type { NoisefoldError } from '../../internal/errors.js';
import type { Call, Plan } from './plan.js';
import type { NumberType } from '../graph/region.js';
import type { KeyWords } from '../../internal/numerics/threefry.js';

/** Memory of a backend that holds one dense row-major tensor. Only its backend can read it. */
export interface DeviceBuffer {
  readonly elements: number;
  readonly dtype: NumberType;
}

export type { KeyWords } from '../../internal/numerics/threefry.js';

type Task<A> = taskEither.TaskEither<NoisefoldError, A>;

/** An input or output of a run. */
export type Slot = DeviceBuffer | KeyWords;

/** Numbers on the host. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * A compiled plan. Inputs and outputs of a run are in the order of the plan. A run consumes its donated inputs, whether
 * or not an output reuses their memory; the caller keeps the others. A run that fails before it starts executing does
 * not consume the donated inputs. An executable that is garbage-collected frees its memory.
 */
export interface Runner {
  readonly run: (inputs: readonly Slot[]) => Task<readonly Slot[]>;
  /** Frees the memory of the plan, after the runs in progress. */
  readonly release: io.IO<void>;
  /** The name of the kernel of each call, in order, for `explain`. */
  readonly kernels: readonly string[];
  /** Runs once and measures the milliseconds of each call. */
  readonly profile: (
    inputs: readonly Slot[],
  ) => Task<{ readonly outputs: readonly Slot[]; readonly milliseconds: readonly number[] }>;
}

/** The features and limits of a backend that lowering takes into account. */
export interface Capabilities {
  /**
   * True if the backend runs regions, anchors and strided views. Otherwise each primitive is one library call on dense
   * views.
   */
  readonly fuses: boolean;
  /** The composites for which the backend has an anchor. Other composites are decomposed. */
  readonly composites: readonly string[];
  /**
   * Alignment of buffers in the arena, and of parts of inputs, in elements. Default 16: vectors do not straddle cache
   * lines.
   */
  readonly alignment?: number;
  /** The maximum number of buffers that a region may load from and store to, at least 4. Default: unlimited. */
  readonly mostBuffers?: number;
  /** The working memory that an anchor call needs, in elements. */
  readonly scratchElements: (call: Extract<Call, { kind: 'anchor' }>) => number;
}

/**
 * The rounding of a·b + c in sums of products: `separate` rounds the product and the sum, `fused` rounds once. Each
 * gives the same bits on every machine; the two differ from each other.
 */
export type Rounding = 'fused' | 'separate';

/** Memory in use, counted by the backend. */
export interface BackendStats {
  readonly buffers: number;
  readonly bytes: number;
  /** The maximum number of bytes in use so far. */
  readonly peakBytes: number;
}

/** A backend: memory, and plans compiled to runners. It is passed explicitly, by `using` or by `nf.run`. */
export interface Backend {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The rounding of sums of products, which checkpoints record. Null if the backend promises neither rounding. */
  readonly rounding: Rounding | null;
  readonly compile: (plan: Plan) => Task<Runner>;
  /** Copies numbers to the backend and converts them to the dtype (float64 is rounded). */
  readonly upload: (data: HostArray, dtype: NumberType) => Task<DeviceBuffer>;
  /** Copies numbers to the host: Float32Array, Int32Array, Uint8Array (bool); Float64Array for float32 on the reference. */
  readonly read: (buffer: DeviceBuffer) => Task<HostArray>;
  readonly release: (buffer: DeviceBuffer) => io.IO<void>;
  readonly stats: io.IO<BackendStats>;
  /**
   * Frees all memory. Cancels work in progress. This work and every later call fail with a `BackendFailure` that says
   * that the backend is closed. Resolves once nothing uses the memory any more.
   */
  readonly close: Task<void>;
  /** True after a call of {@link close}. */
  readonly closed: io.IO<boolean>;
  /** The error that ended the backend, such as a lost device; null while it works. */
  readonly lost: io.IO<NoisefoldError | null>;
}
