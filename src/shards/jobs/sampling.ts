/** The parts of a sampling in a job, which contains data only. */
import type { Preparation } from '../../training/index.js';
import type { FloatStorage, NoisefoldError } from '../../dsl/index.js';
import { floatStorage } from '../../dsl/types/storage.js';
import { positive } from '../../internal/decode.js';
import { t, type either } from '../../internal/fp.js';
import { optional, schema } from '../../internal/schema.js';
import { type CorrectionCall, correctionCall, gridCall, type GridCall, guidanceCall, type GuidanceCall, solverCall, type SolverCall } from './calls.js'; // oxfmt-ignore

/** The options of `sample` as data. */
export interface ShardSampling {
  /** The solver, such as `['dpmSolverPP', { order: 2 }]`. */
  readonly solver: SolverCall;
  /** The number of steps, or a grid, such as `['karrasGrid', 18]`. */
  readonly grid?: number | GridCall;
  /** The guidance, such as `['cfg', 2]`. */
  readonly guidance?: GuidanceCall;
  /** The correction, such as `['uncorrected']`. */
  readonly correction?: CorrectionCall;
  /** False to end at the last level of the grid. */
  readonly toData?: boolean;
  /** Rounds the parameters: 'float16' or 'bfloat16'. */
  readonly storage?: FloatStorage;
  /** The number of samples that a worker draws at a time; default 16. It does not change them. */
  readonly batch?: number;
}

const samplings = schema('sampling', {
  solver: solverCall,
  grid: optional(t.union([positive, gridCall])),
  guidance: optional(guidanceCall),
  correction: optional(correctionCall),
  toData: optional(t.boolean),
  storage: optional(floatStorage),
  batch: optional(positive, 16),
} satisfies Record<keyof ShardSampling, unknown>);

/** Makes the parts that a sampling names. Returns a `ConfigError` for an unknown name, and the errors of the parts. */
export const preparationOf = (sampling: unknown): either.Either<NoisefoldError, Preparation> =>
  samplings.decode<Preparation>(sampling);
