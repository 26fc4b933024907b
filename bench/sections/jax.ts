/** A convolution, its gradient and a matrix product against jax-js on WebAssembly. */
import {
  type Backend,
  compile,
  conv2d,
  grad,
  matmul,
  type NoisefoldError,
  program,
  read,
  release,
  square,
  sum,
  type Tensor,
  type Value,
} from 'noisefold/dsl';
import type { taskEither as TE } from 'fp-ts';
import { interleaved } from '../measure.js';
import { jaxPeer, ramp } from '../peers/jax.js';
import { atLeast, information, orThrow, type Row } from '../table.js';

const problem = { batch: 4, size: 32, channels: 64, rows: 512 } as const;

export const jaxSection = async (backend: Backend, rounds: number): Promise<readonly Row[]> => {
  const peer = await jaxPeer(problem);
  const { batch, size, channels, rows } = problem;
  const image = ramp(batch * size * size * channels);
  const kernel = ramp(9 * channels * channels);
  const matrix = ramp(rows * rows);

  const product = orThrow(
    await compile(
      program({ a: '512 512', b: '512 512' }, ({ a, b }) => ({ y: matmul(b)(a) })),
      {},
    )(backend)(),
  );
  const conv = orThrow(
    await compile(
      program({ x: '4 32 32 64', w: '3 3 64 64' }, ({ x, w }) => ({ y: conv2d(w)(x) })),
      {},
    )(backend)(),
  );
  const gradient = orThrow(
    await compile(
      program({ x: '4 32 32 64', w: '3 3 64 64' }, ({ x, w }) => ({
        y: grad((kernel: Tensor<[3, 3, 64, 64]>) => sum(square(conv2d(kernel)(x))))(w),
      })),
      {},
    )(backend)(),
  );
  // both sides read their result
  const reading =
    (run: () => TE.TaskEither<NoisefoldError, { readonly y: Value<readonly number[]> }>) =>
    async (): Promise<void> => {
      const { y } = orThrow(await run()());
      orThrow(await read(y)(backend)());
      await release(y)(backend)();
    };
  const times = await interleaved(
    [
      peer.matmul,
      { name: 'matmul', run: reading(() => product.run({ a: matrix, b: matrix })) },
      peer.conv,
      { name: 'conv', run: reading(() => conv.run({ x: image, w: kernel })) },
      peer.convGradient,
      { name: 'gradient', run: reading(() => gradient.run({ x: image, w: kernel })) },
    ],
    Math.min(rounds, 3),
  );
  for (const { release: free } of [product, conv, gradient]) free();
  const ratio = (theirs: string, ours: string): number => times[theirs]! / times[ours]!;
  return [
    information(
      'conv 3×3, [4, 32, 32, 64] → 64',
      times['conv']!,
      'ms',
      `jax-js ${times[peer.conv.name]!.toFixed(0)} ms`,
    ),
    atLeast(
      '(c) conv with gradient, times as fast as jax-js',
      ratio(peer.convGradient.name, 'gradient'),
      50,
      '×',
    ),
    atLeast('(c) conv, times as fast as jax-js', ratio(peer.conv.name, 'conv'), 5, '×'),
    atLeast('(c) matmul 512², times as fast as jax-js', ratio(peer.matmul.name, 'matmul'), 1, '×'),
  ];
};
