/**
 * What a backend is. There is no current backend: it is passed, as the environment of a
 * `ReaderTaskEither`.
 */
import type { io, taskEither } from '../../internal/fp.js';
import type { NoisefoldError } from '../errors.js';
import type { Call, Plan } from './plan.js';
import type { NumberType } from '../graph/region.js';
import type { KeyWords } from '../random/threefry.js';

/** Memory of a backend that holds one tensor, dense and row-major. Opaque: only its backend reads it. */
export interface DeviceBuffer {
  readonly elements: number;
  readonly dtype: NumberType;
}

export type { KeyWords } from '../random/threefry.js';

/** What a run takes and gives, in the order of the plan's inputs and outputs. */
export type Slot = DeviceBuffer | KeyWords;

/** Numbers on the host: as they are read and uploaded. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * A compiled plan. A run consumes its donated inputs, whether or not an output took their memory over,
 * and leaves the others to the caller. One that fails leaves the donated ones alive too, unless it has
 * begun to overwrite them.
 */
export interface Runner {
  readonly run: (inputs: readonly Slot[]) => taskEither.TaskEither<NoisefoldError, readonly Slot[]>;
  readonly release: io.IO<void>;
  /** Which kernel carries out each call of the plan, in order: for `explain`. */
  readonly kernels: readonly string[];
  /** Runs once and gives the milliseconds of each call beside the outputs. */
  readonly profile: (
    inputs: readonly Slot[],
  ) => taskEither.TaskEither<
    NoisefoldError,
    { readonly outputs: readonly Slot[]; readonly milliseconds: readonly number[] }
  >;
}

/** What lowering may give a backend. */
export interface Capabilities {
  /** Regions, anchors and strided views; otherwise each primitive is one library call on dense views. */
  readonly fuses: boolean;
  /** Composites that the backend has an anchor for; the others are decomposed. */
  readonly composites: readonly string[];
  /**
   * Buffers begin at multiples of so many elements, of the arena and of inputs that they are parts of: 16 if not given, a
   * line of a cache.
   */
  readonly alignment?: number;
  /** A region loads from, and stores to, at most so many buffers: any number if not given. At least 4. */
  readonly mostBuffers?: number;
  /** The working memory that an anchor call needs, in elements. */
  readonly scratchElements: (call: Extract<Call, { kind: 'anchor' }>) => number;
}

/** Memory in use, as the backend counts it itself. */
export interface BackendStats {
  readonly buffers: number;
  readonly bytes: number;
  /** The most bytes ever in use. */
  readonly peakBytes: number;
}

export interface Backend {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly compile: (plan: Plan) => taskEither.TaskEither<NoisefoldError, Runner>;
  /** Copies numbers to the backend; the dtype converts them (float64 is rounded). */
  readonly upload: (
    data: HostArray,
    dtype: NumberType,
  ) => taskEither.TaskEither<NoisefoldError, DeviceBuffer>;
  /** Copies numbers back: Float32Array, Int32Array, Uint8Array (bool); Float64Array for float32 on the reference. */
  readonly read: (buffer: DeviceBuffer) => taskEither.TaskEither<NoisefoldError, HostArray>;
  readonly release: (buffer: DeviceBuffer) => io.IO<void>;
  readonly stats: io.IO<BackendStats>;
  /** Gives everything back. Afterwards the backend must not be used. */
  readonly close: taskEither.TaskEither<NoisefoldError, void>;
  /** Whether {@link close} was called. */
  readonly closed: io.IO<boolean>;
  /** The error that ended the backend, once it has ended by itself (a lost device); null while it lives. */
  readonly lost: io.IO<NoisefoldError | null>;
}
