/** What is found of one backend: whether it works, on what, and how fast. */
import type { Backend } from '../dsl/backend.js';
import type { NoisefoldError } from '../dsl/errors.js';
import { trial } from '../backends/auto/trial.js';
import type { BackendName } from '../backends/auto/index.js';
import { E, type either, type taskEither } from '../internal/fp.js';
import { type Speeds, speedsOf } from './speeds.js';

export interface Finding {
  readonly backend: BackendName;
  readonly works: boolean;
  /** Whether `auto` would take it, were nothing before it. */
  readonly trusted: boolean;
  /** What it runs on, or why it does not work, or why `auto` passes it by. */
  readonly note: string;
  readonly speeds: Speeds | null;
}

interface Candidate {
  readonly acquire: () => Promise<taskEither.TaskEither<NoisefoldError, Backend>>;
  /** What it runs on, and what speaks against it, once it is known to work. */
  readonly about: () => Promise<{ readonly on: string; readonly against: string | null }>;
}

const plain = (on: string) => async () => ({ on, against: null });

const candidates: Readonly<Record<BackendName, Candidate>> = {
  'node-gpu': {
    acquire: async () => (await import('../backends/tfjs/nodeGpu.js')).nodeGpu(),
    about: plain('TensorFlow on CUDA'),
  },
  webgpu: {
    acquire: async () => (await import('../backends/webgpu/index.js')).webgpu(),
    about: async () => {
      const { acquireDevice } = await import('../backends/webgpu/adapter.js');
      const device = await acquireDevice({})();
      if (E.isLeft(device)) return { on: '', against: device.left.message };
      const { description, vendor, architecture } = device.right.info;
      device.right.device.destroy();
      const hardware = await acquireDevice({ hardware: true })();
      if (E.isRight(hardware)) hardware.right.device.destroy();
      return {
        on: description || `${vendor} ${architecture}`,
        against: E.isLeft(hardware) ? 'in software: auto passes it by' : null,
      };
    },
  },
  wasm: {
    acquire: async () => (await import('../backends/tfjs/wasm.js')).wasm(),
    about: plain('SIMD WebAssembly, one core'),
  },
  node: {
    acquire: async () => (await import('../backends/tfjs/node.js')).node(),
    about: plain('TensorFlow on the CPU'),
  },
  cpu: {
    acquire: async () => (await import('../backends/tfjs/cpu.js')).cpu(),
    about: plain('JavaScript, one core'),
  },
};

const measured = async (acquired: Backend): Promise<either.Either<NoisefoldError, Speeds>> => {
  const tried = await trial(acquired)();
  return E.isLeft(tried) ? tried : speedsOf(acquired);
};

/** Acquires a backend, tries it, measures it, and closes it. */
export const probe = async (backend: BackendName): Promise<Finding> => {
  const failed = (note: string): Finding => ({ backend, works: false, trusted: false, note, speeds: null });
  try {
    const { acquire, about } = candidates[backend];
    const acquired = await (await acquire())();
    if (E.isLeft(acquired)) return failed(acquired.left.message);
    const speeds = await measured(acquired.right);
    await acquired.right.close();
    if (E.isLeft(speeds)) return failed(speeds.left.message);
    const { on, against } = await about();
    const note = against === null ? on : `${on} (${against})`;
    return { backend, works: true, trusted: against === null, note, speeds: speeds.right };
  } catch (thrown) {
    return failed(thrown instanceof Error ? thrown.message : String(thrown));
  }
};
