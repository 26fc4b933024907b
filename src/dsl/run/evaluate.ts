import { effect, type Effect } from './effect.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import { ensuring } from '../../internal/scope.js';
import type { Backend, HostArray, KeyWords } from '../compile/backend.js';
import { compile } from './compile.js';
import type { Extent } from '../types/dim.js';
import type { NoisefoldError } from '../errors.js';
import type { At, Feed } from './executable.js';
import type { Program } from '../graph/program.js';
import type { Syms } from '../graph/spec.js';
import type { DType, Shape, Tensor } from '../graph/tensor.js';
import { mapValues, read, type Read, release, type Value, valuesOf } from './value.js';

/** The numbers of a tree of tensors on the host, row-major. */
export type Numbers<T> =
  T extends Tensor<Shape, infer D>
    ? D extends 'key'
      ? KeyWords
      : Read<D>
    : { readonly [K in keyof T]: Numbers<T[K]> };

/**
 * Runs a program once: compiles it, runs it, reads its results, and frees all memory. Use `compile` to run a program
 * several times. Fails with the errors of `compile`, of a run and of `read`.
 * @example
 * const gram = program({ x: 'N 2' }, ({ x }) => ({ gram: pipe(transpose(x, 1, 0), matmul(x)) }))
 * await using(reference())(evaluate(gram, { N: 3 })({ x: Float32Array.of(1, 0, 0, 1, 1, 1) }))() // → E.right({ gram: [2, 1, 1, 2] })
 */
export const evaluate =
  <I, O, const E extends { readonly [K in Syms<I> & string]: number }>(
    program: Program<I, O>,
    extents: { readonly [K in keyof E]: Extent<E[K]> },
  ) =>
  (inputs: Feed<At<I, E>>): Effect<Numbers<O>> =>
    effect((backend) =>
      F.pipe(
        compile<I, O, E>(program, extents)(backend),
        TE.flatMap(({ run, release: free }) =>
          F.pipe(
            run(inputs),
            TE.flatMap((results) => F.pipe(numbersOf<O>(results)(backend), ensuring(release(results)(backend)))),
            ensuring(free),
          ),
        ),
      ),
    );

const numbersOf =
  <O>(results: unknown) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Numbers<O>> =>
    F.pipe(
      valuesOf(results),
      // the type of `read` names one dtype; a value may have any
      TE.traverseSeqArray((value) => read(value as Value<Shape, DType & 'float32'>)(backend)),
      TE.map((arrays: readonly HostArray[]) => {
        let next = 0;
        // the results have the structure of O
        return mapValues(() => arrays[next++]!)(results) as Numbers<O>;
      }),
    );
