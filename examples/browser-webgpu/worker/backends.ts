/** The backend of the page: WebGPU where there is a GPU, and else WebAssembly. */
import { type Backend, failure, type NoisefoldError } from 'noisefold/dsl';
import { function as F, taskEither as TE } from 'fp-ts';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import type { Settings } from '../shared/settings.js';

export interface Acquired {
  readonly backend: Backend;
  /** Why it is not WebGPU; null where it is, or where that was not asked for. */
  readonly why: string | null;
}

/** All by the one with SIMD, which our own kernels need anyway. */
const paths = {
  'tfjs-backend-wasm.wasm': simd,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': simd,
};

type Acquire = TE.TaskEither<NoisefoldError, Backend>;

/** A backend, loaded when it is tried. */
const loaded = (name: string, load: () => Promise<Acquire>): Acquire =>
  TE.flatten(
    TE.tryCatch(load, (thrown) =>
      failure('BackendUnavailable', {
        where: `the ${name} backend`,
        expected: 'its program to load',
        actual: thrown instanceof Error ? thrown.message : String(thrown),
        hint: 'reload the page',
      }),
    ),
  );

const wasm = loaded('wasm', async () => (await import('noisefold/backends/wasm')).wasm({ paths }));
const webgpu = (hardware: boolean): Acquire =>
  loaded('webgpu', async () => (await import('noisefold/backends/webgpu')).webgpu({ hardware }));

const because =
  (why: string | null) =>
  (backend: Backend): Acquired => ({ backend, why });

/** Acquires the backend that is asked for; `auto` takes no GPU that is only computed. `BackendUnavailable`. */
export const acquire = (asked: Settings['backend']): TE.TaskEither<NoisefoldError, Acquired> => {
  switch (asked) {
    case 'wasm':
      return TE.map(because(null))(wasm);
    case 'webgpu':
      return TE.map(because(null))(webgpu(false));
    case 'auto':
      return F.pipe(
        webgpu(true),
        TE.map(because(null)),
        TE.orElse(({ expected, actual }) => TE.map(because(`expected ${expected}, got ${actual}`))(wasm)),
      );
  }
};
