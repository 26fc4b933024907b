/** A small program that a backend must compute correctly before `auto` chooses it. */
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
import type { Backend } from '../../dsl/plan/backend.js';
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { F, type readerTaskEither, RTE, TE } from '../../internal/fp.js';
import { reference } from '../reference/index.js';

interface Parameters {
  readonly image: Tensor<[1, 6, 6, 3]>;
  readonly kernel: Tensor<[3, 3, 3, 4]>;
}

/**
 * A loss and its gradient: a convolution and both of its gradients, a matrix product, a reduction, elementwise
 * operations and normal random numbers.
 */
const trialProgram = program({ image: '1 6 6 3', kernel: '3 3 3 4', key: 'key' }, ({ image, kernel, key: k }) => {
  const noise = normal(k, 5, 36);
  const loss = (p: Parameters) =>
    F.pipe(p.image, conv2d(p.kernel), silu, reshape(36, 4), (rows) => mean(square(matmul(noise, rows))));
  return valueAndGrad(loss)({ image, kernel });
});

/** Test data: values of both signs with no period along any axis. */
const testValues = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(3 * i + 1));

const result: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, readonly (readonly number[])[]> = F.pipe(
  evaluate(trialProgram, {})({ image: testValues(108), kernel: testValues(108), key: key(7) }),
  RTE.map(({ value, grad }) => [value, grad.image, grad.kernel].map((numbers) => Array.from(numbers))),
);

/** The tolerance, relative to the largest expected value: sums here have a few hundred float32 terms. */
const TOLERANCE = 1e-4;

const isClose = (actual: readonly number[], expected: readonly number[]): boolean => {
  const scale = Math.max(...expected.map(Math.abs));
  return actual.every((x, i) => Math.abs(x - expected[i]!) <= TOLERANCE * scale); // false for NaN
};

/**
 * Runs the program on a backend. Fails with `BackendFailure` if the results differ from those of the reference backend.
 */
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
          expected: `a loss of ${expected[0]!.join()} and its gradient in the trial program`,
          actual: `${actual[0]!.join()}, or a different gradient`,
          hint: 'do not use this backend on this machine: its driver or library computes wrong results',
        }),
    ),
    TE.map(() => undefined),
  );
