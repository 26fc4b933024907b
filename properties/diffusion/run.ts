import { reference } from '../../src/backends/reference/index.js';
import {
  type Backend,
  compile,
  type Key,
  key,
  type NoisefoldError,
  program,
  read,
  type Shape,
  type Tensor,
  using,
} from '../../src/dsl/index.js';
import { E, type either, F, RTE, type taskEither } from '../../src/internal/fp.js';

/** The value of a `Right`; a `Left` fails the test with its message. */
export const right = <A>(either: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message);
  return either.right;
};

export type AcquireBackend = taskEither.TaskEither<NoisefoldError, Backend>;
type Numbers = 'float32' | 'int32';

/** Builds, compiles and runs a tensor whose only input is a key, `key(7)`. */
export const outcomeOf = (
  build: (key: Key) => Tensor<Shape, Numbers>,
  backend: AcquireBackend = reference(),
): taskEither.TaskEither<NoisefoldError, readonly number[]> =>
  F.pipe(
    compile(
      program({ key: 'key' }, (inputs) => ({ result: build(inputs.key) })),
      {},
    ),
    RTE.flatMapTaskEither((executable) => executable.run({ key: key(7) })),
    RTE.flatMap(({ result }) => read(result)),
    RTE.map((numbers): readonly number[] => Array.from(numbers)),
    using(backend),
  );

/** The numbers of {@link outcomeOf}: on the float64 reference, unless another backend is given. */
export const numbersOf = async (
  build: (key: Key) => Tensor<Shape, Numbers>,
  backend?: AcquireBackend,
): Promise<readonly number[]> => right(await outcomeOf(build, backend)());

const norm = (numbers: readonly number[]): number => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));

/** ‖a - b‖ / ‖b‖ */
export const relativeDistance = (a: readonly number[], b: readonly number[]): number =>
  norm(a.map((x, i) => x - b[i]!)) / norm(b);
