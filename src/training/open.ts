/**
 * Programs whose types are open, since their model is any model: `At` and `Feed` do not reduce there, and the symbols of such
 * programs are not known. The types of their runs are stated instead, by `Resident`.
 */
import {
  type Backend,
  type Bindings,
  compile,
  type CompileOptions,
  nonFiniteOrigin,
  type Program,
} from '../dsl/index.js';
import type { io } from '../internal/fp.js';
import type { Fallible } from '../internal/gen.js';

/** A compiled program with the stated types. */
export interface Open<Given, Result> {
  readonly run: (inputs: Given) => Fallible<Result>;
  readonly release: io.IO<void>;
}

/** Compiles a program whose types are open. */
export const compiled = compile as unknown as <I, O>(
  program: Program<I, O>,
  extents: Bindings,
  options?: CompileOptions<I>,
) => <Given, Result>(backend: Backend) => Fallible<Open<Given, Result>>;

/** Finds where NaN begins in a program whose types are open. */
export const originIn = nonFiniteOrigin as unknown as <I, O>(
  program: Program<I, O>,
  extents: Bindings,
  inputs: unknown,
) => (backend: Backend) => Fallible<string | null>;
