/**
 * Programs with generic types, because their model is any model. `At` and `Feed` do not reduce for them, and their
 * symbols are unknown, so the types of their runs are stated with `Resident` instead.
 */
import { type Backend, type Bindings, type CompileOptions, nonFiniteOrigin, type Program } from '../dsl/index.js';
import type { StorageOption } from '../dsl/run/storedIn.js';
import { compileOrThrow } from '../dsl/run/compile.js';
import type { io } from '../internal/fp.js';
import type { Fallible } from '../internal/gen.js';

/** A compiled program with the stated types. */
export interface Open<Given, Result> {
  readonly run: (inputs: Given) => Fallible<Result>;
  readonly release: io.IO<void>;
}

/** Compiles a program with generic types. Rethrows an exception of its function, whose place its caller names. */
export const compiled = compileOrThrow as unknown as <I, O>(
  program: Program<I, O>,
  extents: Bindings,
  options?: Pick<CompileOptions<I>, 'donate'> & StorageOption,
) => <Given, Result>(backend: Backend) => Fallible<Open<Given, Result>>;

/** Finds the origin of NaN in a program with generic types. */
export const originIn = nonFiniteOrigin as unknown as <I, O>(
  program: Program<I, O>,
  extents: Bindings,
  inputs: unknown,
) => (backend: Backend) => Fallible<string | null>;
