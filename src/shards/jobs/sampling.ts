/** The parts of a sampling in a job, which contains data only. */
import type { Preparation } from '../../training/index.js';
import type { FloatStorage, NoisefoldError } from '../../dsl/index.js';
import { floatStorage } from '../../dsl/types/storage.js';
import { positive } from '../../internal/decode.js';
import { t, type either } from '../../internal/fp.js';
import { optional, schema } from '../../internal/schema.js';
import { type CorrectionCall, correctionCall, gridCall, type GridCall, guidanceCall, type GuidanceCall, solverCall, type SolverCall } from './calls.js'; // oxfmt-ignore

/** The options of `encode` as data. */
export interface ShardEncoding {
  /** The solver, such as `['dpmSolverPP', { order: 2 }]`. */
  readonly solver: SolverCall;
  /** The number of steps, or a grid, such as `['karrasGrid', 18]`. */
  readonly grid?: number | GridCall;
  /** The guidance, such as `['cfg', 2]`. */
  readonly guidance?: GuidanceCall;
  /** The correction, such as `['uncorrected']`. */
  readonly correction?: CorrectionCall;
  /** The number of images that a worker computes at a time; default 16. It does not change them. */
  readonly batch?: number;
}

/** The options of `sample` as data. */
export interface ShardSampling extends ShardEncoding {
  /** False to end at the last level of the grid. */
  readonly toData?: boolean;
  /** Rounds the parameters: 'float16' or 'bfloat16'. */
  readonly storage?: FloatStorage;
}

const encodings = schema('sampling', {
  solver: solverCall,
  grid: optional(t.union([positive, gridCall])),
  guidance: optional(guidanceCall),
  correction: optional(correctionCall),
  batch: optional(positive, 16),
} satisfies Record<keyof ShardEncoding, unknown>);

const samplings = schema('sampling', {
  ...encodings.fields,
  toData: optional(t.boolean),
  storage: optional(floatStorage),
} satisfies Record<keyof ShardSampling, unknown>);

/** Makes the parts that an encoding names. Fails as {@link preparationOf}. */
export const encodingOf = (sampling: unknown): either.Either<NoisefoldError, Omit<Preparation, 'toData' | 'storage'>> =>
  encodings.decode<Omit<Preparation, 'toData' | 'storage'>>(sampling);

/** Makes the parts that a sampling names. Returns a `ConfigError` for an unknown name, and the errors of the parts. */
export const preparationOf = (sampling: unknown): either.Either<NoisefoldError, Preparation> =>
  samplings.decode<Preparation>(sampling);
