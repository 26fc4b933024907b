/** The backend of the page: WebGPU if there is a GPU, otherwise WebAssembly. */
import { type Backend, failure, type NoisefoldError } from 'noisefold/dsl';
import { function as F, type io as IO, taskEither as TE } from 'fp-ts';
import type { WhyWasm } from '../shared/messages.js';
import { MOST_THREADS, type Settings } from '../shared/settings.js';
import type { Tell } from './world.js';

export interface Acquired {
  readonly backend: Backend;
  /** The number of its threads; null on a GPU. */
  readonly threads: number | null;
  /** Why it is not WebGPU; null if it is, or if the settings ask for another. */
  readonly why: WhyWasm | null;
}

type Acquire = TE.TaskEither<NoisefoldError, Backend>;

/** Loads the code of a backend when it is acquired. */
const load = (name: string, acquire: () => ReturnType<Acquire>): Acquire =>
  TE.flatMapEither(F.identity<Awaited<ReturnType<Acquire>>>)(
    TE.tryCatch(acquire, (thrown) =>
      failure('BackendUnavailable', {
        where: `the ${name} backend`,
        expected: 'its program to load',
        actual: thrown instanceof Error ? thrown.message : String(thrown),
        hint: 'reload the page',
      }),
    ),
  );

/** The number of threads: that of the settings, or one per core; one on a page that is not isolated from others. */
const threadsOf = ({ threads }: Settings): number =>
  crossOriginIsolated ? (threads ?? Math.min(navigator.hardwareConcurrency, MOST_THREADS)) : 1;

const wasm = (settings: Settings, tell: Tell, why: WhyWasm | null): TE.TaskEither<NoisefoldError, Acquired> => {
  const threads = threadsOf(settings);
  const portable = settings.backend === 'portable';
  const onNotice =
    (message: string): IO.IO<void> =>
    () => {
      console.warn(message);
      tell({ _tag: 'OneThread' })();
    };
  return F.pipe(
    load('wasm', async () => (await import('noisefold/backends/wasm')).wasm({ threads, portable, onNotice })()),
    TE.map((backend) => ({ backend, threads, why })),
  );
};

const webgpu = (hardware: boolean): TE.TaskEither<NoisefoldError, Acquired> =>
  F.pipe(
    load('webgpu', async () => (await import('noisefold/backends/webgpu')).webgpu({ hardware })()),
    TE.map((backend) => ({ backend, threads: null, why: null })),
  );

/** WebAssembly in place of WebGPU: the page shows the kind of the reason, the console its message. */
export const insteadOfWebgpu = (
  settings: Settings,
  tell: Tell,
  why: WhyWasm,
  message: string,
): TE.TaskEither<NoisefoldError, Acquired> =>
  F.pipe(
    wasm(settings, tell, why),
    TE.tapIO(() => () => console.warn(message)),
  );

/** Tests whether there is an adapter, before the code of WebGPU is loaded, which machines without a GPU need not. */
const hasAdapter = async (): Promise<boolean> => {
  const gpu = navigator.gpu as GPU | undefined;
  return ((await gpu?.requestAdapter().catch(() => null)) ?? null) !== null;
};

/** Acquires WebGPU on a hardware GPU, or WebAssembly. */
const auto = (settings: Settings, tell: Tell): TE.TaskEither<NoisefoldError, Acquired> =>
  F.pipe(
    webgpu(true),
    TE.orElse(({ expected, message }) =>
      insteadOfWebgpu(settings, tell, expected === 'a hardware GPU' ? 'software' : 'failed', message),
    ),
  );

/** Acquires the backend of the settings; `auto` skips software-emulated GPUs. Fails with `BackendUnavailable`. */
export const acquire = (settings: Settings, tell: Tell): TE.TaskEither<NoisefoldError, Acquired> => {
  switch (settings.backend) {
    case 'webgpu':
      return webgpu(false);
    case 'auto':
      return async () =>
        (await hasAdapter())
          ? auto(settings, tell)()
          : insteadOfWebgpu(settings, tell, 'absent', 'WebGPU has no adapter.')();
    case 'wasm':
    case 'portable':
      return wasm(settings, tell, null);
  }
};
