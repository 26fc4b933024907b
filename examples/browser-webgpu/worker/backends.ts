/** The backend of the page: WebGPU where there is a GPU, and else WebAssembly. */
import { type Backend, failure, type NoisefoldError } from 'noisefold/dsl';
import { function as F, taskEither as TE } from 'fp-ts';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import type { WhyWasm } from '../shared/messages.js';
import type { Settings } from '../shared/settings.js';

export interface Acquired {
  readonly backend: Backend;
  /** Why it is not WebGPU; null where it is, or where that was not asked for. */
  readonly why: WhyWasm | null;
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

/** WebAssembly, where something kept WebGPU from it: a person is told which kind of thing, and the console what it said. */
export const insteadOfWebgpu = (why: WhyWasm, message: string): TE.TaskEither<NoisefoldError, Acquired> =>
  F.pipe(
    wasm,
    TE.tapIO(() => () => console.warn(message)),
    TE.map((backend) => ({ backend, why })),
  );

/** Why there is no GPU, by what was expected of WebGPU. */
const whyNot = ({ expected }: NoisefoldError): WhyWasm => {
  switch (expected) {
    case 'navigator.gpu':
    case 'an adapter':
      return 'absent';
    case 'a hardware GPU':
      return 'software';
    default:
      return 'failed';
  }
};

const asAsked = TE.map((backend: Backend): Acquired => ({ backend, why: null }));

/** Acquires the backend that is asked for; `auto` takes no GPU that is only computed. `BackendUnavailable`. */
export const acquire = (asked: Settings['backend']): TE.TaskEither<NoisefoldError, Acquired> => {
  switch (asked) {
    case 'wasm':
      return asAsked(wasm);
    case 'webgpu':
      return asAsked(webgpu(false));
    case 'auto':
      return F.pipe(
        asAsked(webgpu(true)),
        TE.orElse((error) => insteadOfWebgpu(whyNot(error), error.message)),
      );
  }
};
