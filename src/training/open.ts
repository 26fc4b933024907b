/** Executables of programs whose types are open, since their model is any model: what they take and give is named here. */
import {
  type Backend,
  type Bindings,
  compile,
  type CompileOptions,
  type HostArray,
  type NoisefoldError,
  nonFiniteOrigin,
  type Program,
  type RandomKey,
  type Resident,
  type Value,
  type Vectors,
} from '../dsl/index.js';
import type { io, taskEither } from '../internal/fp.js';
import type { DrawMemory } from '../diffusion/index.js';
import type { OptimizerState } from '../nn/index.js';

/** A training state on a backend. */
export interface ResidentState {
  readonly params: Resident<Vectors>;
  readonly average: Resident<Vectors>;
  readonly optimizer: OptimizerState<Resident<Vectors>>;
  readonly timesteps: Resident<DrawMemory>;
  readonly step: Value<[], 'int32'>;
}

/** Images with their labels, on the host, and a key for what is drawn for them. */
export interface GivenExamples {
  readonly x0: HostArray;
  readonly label?: HostArray;
  readonly key: RandomKey;
}

/** What a step of training takes. */
export interface StepGiven {
  readonly state: ResidentState;
  readonly examples: GivenExamples;
}

export interface OpenExecutable<Given, Result> {
  readonly run: (inputs: Given) => taskEither.TaskEither<NoisefoldError, Result>;
  readonly release: io.IO<void>;
}

// `At` and `Feed` do not reduce while the parameters' type is open, nor do the symbols: hence the casts.

/** Compiles a program whose types are open. */
export const compiled =
  <I, O>(program: Program<I, O>, extents: Bindings, options: CompileOptions<I> = {}) =>
  <Given, Result>(backend: Backend): taskEither.TaskEither<NoisefoldError, OpenExecutable<Given, Result>> =>
    compile(program, extents as never, options)(backend) as unknown as taskEither.TaskEither<
      NoisefoldError,
      OpenExecutable<Given, Result>
    >;

/** Finds where NaN begins in a program whose types are open. */
export const originIn =
  <I, O>(program: Program<I, O>, extents: Bindings) =>
  <Given>(inputs: Given) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, string | null> =>
    nonFiniteOrigin(program, extents as never, inputs as never)(backend);
