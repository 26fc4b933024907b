import { auto } from 'noisefold/backends/auto';
import { askBackend, failure, type NoisefoldError, using } from 'noisefold/dsl';
import { function as F, readerTaskEither as RTE, taskEither as TE } from 'fp-ts';

/** The first GPU backend that works: TensorFlow on CUDA, or WebGPU without software adapters. */
export const gpu: TE.TaskEither<NoisefoldError, readonly string[]> = F.pipe(
  askBackend,
  RTE.map(({ name }) => ['--backend', name]),
  using(auto({ order: ['tfjs-node-gpu', 'webgpu'] })),
  TE.mapLeft((error) =>
    failure('BackendUnavailable', {
      ...error,
      where: 'node-gpu',
      expected: 'a GPU',
      hint: 'pass --backend wasm to run without a GPU',
    }),
  ),
);
