import { effect, type Effect } from './effect.js';
import { exactly } from '../../internal/decode.js';
import { E, F, t, TE } from '../../internal/fp.js';
import type { Extent } from '../types/dim.js';
import { type At, type Executable, executable } from './executable.js';
import { optionsOf } from '../options.js';
import { plan } from '../compile/planning.js';
import type { Program } from '../graph/program.js';
import type { Bindings, Syms } from '../graph/spec.js';

export interface CompileOptions<I> {
  /**
   * Names of inputs whose memory a run may reuse for the output of the same name. You cannot use the value that you passed
   * after that.
   */
  readonly donate?: readonly (keyof I & string)[];
}

const compileOptions = optionsOf({
  where: 'compile',
  options: exactly({}, { donate: t.readonlyArray(t.string, 'names of inputs') }),
  hint: "{ donate: ['state'] } reuses the memory of an input for the output of the same name",
});

/**
 * Compiles a program for a backend, at an extent for each of its symbols. Fails with the errors of tracing: `ShapeError`,
 * `DTypeError`, `UnknownDim`, `KeyReused`, `ConfigError`. Keep the executable: its runs do not trace again.
 * @example
 * const mse = program({ x: 'B 2', y: 'B 2' }, ({ x, y }) => mean(square(sub(x, y))))
 * const given = { x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(1, 2, 3, 8) }
 * const executable = compile(mse, { B: 2 })
 * const loss = pipe(executable, RTE.flatMapTaskEither(({ run }) => run(given)), RTE.flatMap(read))
 * await using(reference())(loss)() // → E.right([4])
 */
export const compile = <I, O, const E extends { readonly [K in Syms<I> & string]: number }>(
  program: Program<I, O>,
  extents: { readonly [K in keyof E]: Extent<E[K]> },
  options: CompileOptions<I> = {},
): Effect<Executable<At<I, E>, At<O, E>>> =>
  effect((backend) =>
    F.pipe(
      // each Extent<E[K]> is E[K], or an error message that no number is assignable to
      TE.fromEither(
        F.pipe(
          compileOptions(options),
          E.flatMap(({ donate }) => plan(program, extents as Bindings, backend.capabilities, donate)),
        ),
      ),
      TE.flatMap(({ plan: planned, traced }) =>
        F.pipe(
          backend.compile(planned),
          TE.map((runner) => executable<At<I, E>, At<O, E>>(backend, runner, planned, traced)),
        ),
      ),
    ),
  );
