/** Compiles programs for a backend, to run them once or several times. */
import type { Exact } from '../../internal/exact.js';
import { refined } from '../../internal/decode.js';
import { caughtAny } from '../../internal/exception.js';
import { F, t, TE, type taskEither } from '../../internal/fp.js';
import { type Fallible, gen, hold, take } from '../../internal/gen.js';
import { attemptInTurns } from '../../internal/stop.js';
import type { Backend, HostArray, KeyWords } from '../plan/backend.js';
import { planning } from '../compile/planning.js';
import type { NoisefoldError } from '../../internal/errors.js';
import type { Bindings, CheckedBindings, Program, Syms } from '../graph/spec.js';
import type { Shape, Tensor } from '../graph/tensor.js';
import { part } from '../../internal/parts.js';
import { optional, schema } from '../../internal/schema.js';
import type { FloatStorage } from '../types/storage.js';
import { leaves, withLeaves } from '../types/tree.js';
import { effect, type Effect } from './effect.js';
import { type At, type Compiled, type Executable, executable, type Feed } from './executable.js';
import { isResult, isValue, read, type Read, release, type Value } from './value.js';

export interface CompileOptions<I> {
  /** Inputs whose memory a run may reuse for the output of the same name; their values cannot be used afterwards. */
  readonly donate?: readonly (keyof I & string)[];
  /**
   * The storage of the float32 tensors of an input, by its name: `{ params: 'float16' }` takes values that are stored in
   * 16 bits, and rounds numbers of the host. A run computes in float32. It decodes a tensor just before each use, so that
   * only the tensors in use are float32. The default is 'float32'. An input that is donated has to be float32.
   */
  readonly storage?: { readonly [K in keyof I & string]?: FloatStorage };
}

/** The options for a program whose inputs have names that types do not know. */
interface AnyOptions {
  readonly donate?: readonly string[];
  readonly storage?: object;
}

const compileOptions = schema(
  'compile',
  { donate: optional(t.readonlyArray(t.string, 'names of inputs')), storage: optional(t.unknown) },
  "{ donate: ['state'] } reuses the memory of an input for the output of the same name",
);

const compileArguments = schema(
  'compile',
  {
    program: refined(
      part<Program<never, unknown>>('a program', 'inputs', 'trace'),
      'a program',
      ({ trace }) => typeof trace === 'function',
    ),
    extents: refined(t.unknown, 'the extents of its symbols', t.UnknownRecord.is),
  },
  "write compile(program({ x: 'B 2' }, ({ x }) => …), { B: 8 }), with {} if the program has no symbols",
);

/**
 * Compiles a program whose `Inputs` and `Result` the caller states, because the compiler does not evaluate `At` and
 * `Feed` for generic types. Rethrows an exception of the function of the program.
 */
export const compiled =
  <I, O>(program: Program<I, O>, extents: Bindings, options: AnyOptions = {}) =>
  <Inputs, Result>(backend: Backend): Fallible<Compiled<Inputs, Result>> =>
    F.pipe(
      TE.fromEither(compileArguments.decode({ program, extents })),
      TE.flatMapEither(() => compileOptions.decode(options)),
      TE.flatMap(({ donate, storage }) => async () => {
        // `storingOf` checks the type
        const storing = (storage as object | undefined) && (await import('../compile/storing.js')).storingOf(storage);
        return attemptInTurns(planning(program, extents, backend.capabilities, donate, storing))();
      }),
      TE.bind('runner', ({ plan: planned }) => backend.compile(planned)),
      TE.map(({ plan: planned, traced, runner }) => executable<Inputs, Result>(backend, runner, planned, traced)),
    );

/**
 * Compiles as {@link compiled} does, and turns an exception of the function, which a user wrote, into a `ConfigError`.
 */
const compiledSafely =
  <I, O>(program: Program<I, O>, extents: Bindings, options?: AnyOptions) =>
  <Inputs, Result>(backend: Backend): Fallible<Compiled<Inputs, Result>> =>
  async () => {
    try {
      return await compiled(program, extents, options)<Inputs, Result>(backend)();
    } catch (thrown) {
      return caughtAny('compile', 'that of the program', thrown);
    }
  };

/**
 * Compiles a program for a backend, at an extent for each of its symbols, and no others. In the types of inputs and results a
 * literal takes the place of its symbol: at `{ H: 8 }`, `'H/2'` is 4. Fails with the errors of tracing: `ShapeError`,
 * `DTypeError`, `UnknownDim`, `KeyReused`, and `ConfigError`, also for an exception of the function. Keep the executable:
 * its runs do not trace again.
 * @example
 * const mse = program({ x: 'B 2', y: 'B 2' }, ({ x, y }) => mean(square(sub(x, y))))
 * await using nf = await open(reference())
 * const { run } = await nf.run(compile(mse, { B: 2 }))
 * const loss = await nf.run(run({ x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(1, 2, 3, 8) }))
 * await nf.run(read(loss)) // → [4]
 */
export const compile = <I, O, const E extends { readonly [K in Syms<I>]: number }, H = unknown>(
  program: Program<I, O>,
  extents: CheckedBindings<I, O, E>,
  options?: Exact<H, keyof CompileOptions<never>> & CompileOptions<I>,
): Effect<Executable<At<I, E>, At<O, E>>> =>
  // the type of an extent is its number in E, or an error message, to which no number is assignable
  effect(compiledSafely(program, extents as Bindings, options)<Feed<At<I, E>>, At<O, E>>);

/** The numbers of a tree of tensors on the host, row-major. */
export type Numbers<T> =
  T extends Tensor<Shape, infer D>
    ? D extends 'key'
      ? KeyWords
      : Read<D>
    : { readonly [K in keyof T]: Numbers<T[K]> };

/**
 * Runs a program once: compiles it, runs it, reads its results, and frees all memory. Use `compile` to run a program
 * several times. Inputs are float32: `storeAs(tree, 'float32')` converts those of 16 bits. Fails with the errors of
 * `compile`, of a run and of `read`.
 * @example
 * const gram = program({ x: 'N 2' }, ({ x }) => ({ gram: pipe(transpose(x, 1, 0), matmul(x)) }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(gram, { N: 3 })({ x: Float32Array.of(1, 0, 0, 1, 1, 1) })) // → { gram: [2, 1, 1, 2] }
 */
export const evaluate =
  <I, O, const E extends { readonly [K in Syms<I>]: number }>(
    program: Program<I, O>,
    extents: CheckedBindings<I, O, E>,
  ) =>
  (inputs: Feed<At<I, E>>): Effect<Numbers<O>> =>
    effect(evaluated(program, extents as Bindings, inputs)); // as in `compile`

/** Runs a program once: see {@link evaluate}. */
export const evaluated =
  <I, O>(program: Program<I, O>, extents: Bindings, inputs: unknown) =>
  (backend: Backend): Fallible<Numbers<O>> =>
    gen(function* () {
      const compiling = compiledSafely(program, extents)<unknown, unknown>(backend);
      const { run } = yield* hold(compiling, (executable) => executable.release());
      const results = yield* hold(run(inputs), (values) => release(values)(backend));
      return yield* take(numbersOf<O>(results, backend));
    });

const numbersOf = <O>(results: unknown, backend: Backend): taskEither.TaskEither<NoisefoldError, Numbers<O>> =>
  F.pipe(
    leaves(results, isResult),
    TE.traverseSeqArray(({ leaf }): taskEither.TaskEither<NoisefoldError, HostArray | number> =>
      // the type of `read` has one dtype, but a value may have any dtype
      isValue(leaf) ? read(leaf as Value<Shape>)(backend) : TE.right(leaf),
    ),
    TE.map((numbers) => withLeaves(results, isResult, numbers) as Numbers<O>), // the results have the structure of O
  );
