/** Executables of programs whose types are open. */
import {
  type Backend,
  type Bindings,
  compile,
  type CompileOptions,
  type NoisefoldError,
  type Program,
} from '../dsl/index.js';
import type { io, taskEither } from '../internal/fp.js';

/** Values on the backend by name, not looked into. */
export type ResidentTree = Readonly<Record<string, unknown>>;

export interface OpenExecutable<Given, Result> {
  readonly run: (inputs: Given) => taskEither.TaskEither<NoisefoldError, Result>;
  readonly release: io.IO<void>;
}

/**
 * Compiles a program whose types are open, since its model is any model: what it takes and gives is named by
 * the caller.
 */
export const compiled =
  <I, O>(program: Program<I, O>, extents: Bindings, options: CompileOptions<I> = {}) =>
  <Given, Result>(backend: Backend): taskEither.TaskEither<NoisefoldError, OpenExecutable<Given, Result>> =>
    // `At` and `Feed` do not reduce while the parameters' type is open, nor do the symbols
    compile(program, extents as never, options)(backend) as unknown as taskEither.TaskEither<
      NoisefoldError,
      OpenExecutable<Given, Result>
    >;
