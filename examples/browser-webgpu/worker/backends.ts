/** The backend of the page: WebGPU if there is a GPU, otherwise WebAssembly. */
import { type Backend, failure, type NoisefoldError } from 'noisefold/dsl';
import { function as F, taskEither as TE } from 'fp-ts';
import type { WhyWasm } from '../shared/messages.js';
import type { Settings } from '../shared/settings.js';

export interface Acquired {
  readonly backend: Backend;
  /** Why it is not WebGPU; null if it is, or if the settings ask for another. */
  readonly why: WhyWasm | null;
}

type Acquire = TE.TaskEither<NoisefoldError, Backend>;

/** Loads the code of a backend when it is acquired. */
const loaded = (name: string, load: () => ReturnType<Acquire>): Acquire =>
  TE.flatMapEither(F.identity<Awaited<ReturnType<Acquire>>>)(
    TE.tryCatch(load, (thrown) =>
      failure('BackendUnavailable', {
        where: `the ${name} backend`,
        expected: 'its program to load',
        actual: thrown instanceof Error ? thrown.message : String(thrown),
        hint: 'reload the page',
      }),
    ),
  );

const wasm = loaded('wasm', async () => (await import('noisefold/backends/wasm')).wasm()());
const webgpu = (hardware: boolean): Acquire =>
  loaded('webgpu', async () => (await import('noisefold/backends/webgpu')).webgpu({ hardware })());

/** WebAssembly in place of WebGPU: the page shows the kind of the reason, the console its message. */
export const insteadOfWebgpu = (why: WhyWasm, message: string): TE.TaskEither<NoisefoldError, Acquired> =>
  F.pipe(
    wasm,
    TE.tapIO(() => () => console.warn(message)),
    TE.map((backend) => ({ backend, why })),
  );

/** The kind of a reason, by the expectation of WebGPU that failed. */
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

/** Acquires the backend of the settings; `auto` skips software-emulated GPUs. `BackendUnavailable`. */
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
