import { failure } from '../../internal/errors.js';
import { F, TE } from '../../internal/fp.js';
import { withOptions } from '../shared/options.js';
import { acquireDevice } from './device/adapter.js';
import { type AdapterOptions, adapterOptions } from './device/adapterOptions.js';

export type { AdapterOptions } from './device/adapterOptions.js';

/**
 * Runs on the GPU through WebGPU: in browsers that support it, and in Node with the optional peer `webgpu` (Dawn).
 * Values stay on the device. A run submits one command buffer; only `read` waits for the results.
 *
 * Fails with `BackendUnavailable` if there is no adapter, or if Node lacks the peer. If the device is lost, every later
 * run and `read` fails, and `lost` returns the error.
 * @example
 * await using nf = await open(webgpu())
 * await nf.run(evaluate(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {})({ x: Float32Array.of(1, 1, 0, 1) })) // → [1, 2, 0, 1]
 */
export const webgpu = withOptions<AdapterOptions>('the webgpu backend', adapterOptions, (options) =>
  F.pipe(
    acquireDevice(options),
    TE.flatMap((acquired) =>
      TE.tryCatch(
        // load the kernels only after a device was found
        async () => (await import('./backend.js')).backendOn(acquired),
        (thrown) =>
          failure('BackendUnavailable', {
            where: 'the webgpu backend',
            expected: 'the kernels to load',
            actual: String(thrown),
            hint: 'reinstall noisefold with its dependencies',
          }),
      ),
    ),
  ),
);
