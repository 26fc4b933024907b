/** A tiny program that a backend has to get right before it is trusted. */
import {
  conv2d,
  evaluate,
  key,
  matmul,
  mean,
  normal,
  program,
  reshape,
  silu,
  square,
  type Tensor,
  using,
  valueAndGrad,
} from '../../dsl/index.js';
import type { Backend } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { F, type readerTaskEither, RTE, TE } from '../../internal/fp.js';
import { reference } from '../reference/index.js';

interface Parameters {
  readonly image: Tensor<[1, 6, 6, 3]>;
  readonly kernel: Tensor<[3, 3, 3, 4]>;
}

/** A loss and its gradient: a convolution and both of its gradients, a product, a reduction, arithmetic, normals. */
const small = program(
  { image: '1 6 6 3', kernel: '3 3 3 4', key: 'key' },
  ({ image, kernel, key: given }) => {
    const noise = normal(given, 5, 36);
    const loss = (p: Parameters) =>
      F.pipe(p.image, conv2d(p.kernel), silu, reshape(36, 4), (rows) => mean(square(matmul(noise, rows))));
    return valueAndGrad(loss)({ image, kernel });
  },
);

/** Numbers of both signs that repeat in no axis. */
const spread = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(3 * i + 1));

const result: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, readonly (readonly number[])[]> =
  F.pipe(
    evaluate(small, {})({ image: spread(108), kernel: spread(108), key: key(7) }),
    RTE.map(({ value, grad }) => [value, grad.image, grad.kernel].map((numbers) => Array.from(numbers))),
  );

/** float32 sums a few hundred terms here. */
const TOLERANCE = 1e-4;

const isClose = (actual: readonly number[], expected: readonly number[]): boolean => {
  const scale = Math.max(...expected.map(Math.abs));
  return actual.every((x, i) => Math.abs(x - expected[i]!) <= TOLERANCE * scale); // false for NaN
};

/** Runs the program; `BackendFailure` where its results are not those of the reference. */
export const trial: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, void> = (backend) =>
  F.pipe(
    using(reference())(result),
    TE.bindTo('expected'),
    TE.bind('actual', () => result(backend)),
    TE.filterOrElse(
      ({ expected, actual }) => expected.every((numbers, i) => isClose(actual[i]!, numbers)),
      ({ expected, actual }): NoisefoldError =>
        failure('BackendFailure', {
          where: `the ${backend.name} backend`,
          expected: `a loss of ${expected[0]!.join()} and its gradient, in a trial`,
          actual: `${actual[0]!.join()}, or another gradient`,
          hint: 'do not use it here: its driver or library is at fault',
        }),
    ),
    TE.map(() => undefined),
  );
