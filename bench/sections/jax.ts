/** Compares a convolution, its gradient and a matrix product with jax-js on WebAssembly or WebGPU. */
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

const TITLES = { conv: 'conv 3×3', gradient: 'conv with gradient', matmul: 'matmul 512²' } as const;

/** Times in milliseconds. */
interface Times {
  readonly ours: { readonly conv: number; readonly gradient: number; readonly matmul: number };
  readonly theirs: { readonly conv: number; readonly gradient: number; readonly matmul: number };
}

const measure = async (backend: Backend, rounds: number, device: 'wasm' | 'webgpu'): Promise<Times> => {
  const peer = await jaxPeer(problem, device);
  const { batch, size, channels, rows } = problem;
  const image = ramp(batch * size * size * channels);
  const kernel = ramp(9 * channels * channels);
  const matrix = ramp(rows * rows);

  const product = orThrow(
    await compile(
      program({ a: '512 512', b: '512 512' }, ({ a, b }) => ({ y: matmul(a, b) })),
      {},
    )(backend)(),
  );
  const conv = orThrow(
    await compile(
      program({ x: '4 32 32 64', w: '3 3 64 64' }, ({ x, w }) => ({ y: conv2d(x, w) })),
      {},
    )(backend)(),
  );
  const gradient = orThrow(
    await compile(
      program({ x: '4 32 32 64', w: '3 3 64 64' }, ({ x, w }) => ({
        y: grad((kernel: Tensor<[3, 3, 64, 64]>) => sum(square(conv2d(x, kernel))))(w),
      })),
      {},
    )(backend)(),
  );
  // both sides read their result
  const reading =
    (run: () => TE.TaskEither<NoisefoldError, { readonly y: Value<readonly number[]> }>) => async (): Promise<void> => {
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
  return {
    ours: { conv: times['conv']!, gradient: times['gradient']!, matmul: times['matmul']! },
    theirs: {
      conv: times[peer.conv.name]!,
      gradient: times[peer.convGradient.name]!,
      matmul: times[peer.matmul.name]!,
    },
  };
};

export const jaxSection = async (backend: Backend, rounds: number): Promise<readonly Row[]> => {
  const { ours, theirs } = await measure(backend, rounds, 'wasm');
  return [
    information('conv 3×3, [4, 32, 32, 64] → 64', ours.conv, 'ms', `jax-js ${theirs.conv.toFixed(0)} ms`),
    atLeast('(c) conv with gradient, times as fast as jax-js', theirs.gradient / ours.gradient, 50, '×'),
    atLeast('(c) conv, times as fast as jax-js', theirs.conv / ours.conv, 5, '×'),
    atLeast('(c) matmul 512², times as fast as jax-js', theirs.matmul / ours.matmul, 1, '×'),
  ];
};

/** For information; if jax-js throws in Node, the row shows the error. */
export const gpuJaxSection = async (backend: Backend, rounds: number): Promise<readonly Row[]> => {
  try {
    const { ours, theirs } = await measure(backend, rounds, 'webgpu');
    return (['conv', 'gradient', 'matmul'] as const).map((name) =>
      information(
        `(d) ${TITLES[name]}, times as fast as jax-js`,
        theirs[name] / ours[name],
        '×',
        `${ours[name].toFixed(1)} ms, jax-js ${theirs[name].toFixed(1)} ms`,
      ),
    );
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return [information('(d) jax-js on WebGPU', NaN, '', `does not run here: ${message.split('\n')[0]}`)];
  }
};
