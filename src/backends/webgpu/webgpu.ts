import { failure } from '../../dsl/errors.js';
import { F, TE } from '../../internal/fp.js';
import { withOptions } from '../shared/options.js';
import { acquireDevice } from './adapter.js';
import { type AdapterOptions, adapterOptions } from './adapterOptions.js';

export type { AdapterOptions } from './adapterOptions.js';

/**
 * The GPU, by WebGPU: in a browser that has it, and in Node by the optional peer `webgpu` (Dawn). Values stay on the
 * device; a run is one list of commands, and only `read` waits for it. `BackendUnavailable` where there is no adapter
 * or no peer; a device that is lost ends every run and `read` with an error, which is `lost` from then on.
 *
 * @example
 * await pipe(
 *   compile(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 1, 0, 1) })),
 *   RTE.flatMap(read),
 *   using(webgpu()),
 * )() // → E.right([1, 2, 0, 1])
 */
export const webgpu = withOptions<AdapterOptions>('the webgpu backend', adapterOptions, (options) =>
  F.pipe(
    acquireDevice(options),
    TE.flatMap((acquired) =>
      TE.tryCatch(
        // kernels are loaded only where there is a device for them
        async () => (await import('./backend.js')).backendOn(acquired),
        (thrown) =>
          failure('BackendUnavailable', {
            where: 'the webgpu backend',
            expected: 'its kernels to load',
            actual: String(thrown),
            hint: 'install noisefold with its dependencies',
          }),
      ),
    ),
  ),
);
