/** What is found of one backend: whether it works, on what, and how fast. */
import type { Backend } from '../dsl/backend.js';
import type { NoisefoldError } from '../dsl/errors.js';
import { acquire } from '../backends/auto/candidates.js';
import { trial } from '../backends/auto/trial.js';
import type { BackendName } from '../backends/auto/index.js';
import { E, type either } from '../internal/fp.js';
import { type Speeds, speedsOf } from './speeds.js';

export interface Finding {
  readonly backend: BackendName;
  readonly works: boolean;
  /** Whether `auto` would take it, were nothing before it. */
  readonly trusted: boolean;
  /** What it runs on, or why it does not work, or why `auto` passes it by, or why it has no speeds. */
  readonly note: string;
  readonly speeds: Speeds | null;
}

/** What a probe tells on its way: what is found so far, and whether there is more to come. */
export interface Told {
  readonly finding: Finding;
  readonly isLast: boolean;
}

/** An acquired backend, with what it runs on, and what speaks against it. */
interface Opened {
  readonly backend: Backend;
  readonly on: string;
  readonly against: string | null;
}

type Open = () => Promise<either.Either<NoisefoldError, Opened>>;

const opened =
  (name: BackendName, on: string): Open =>
  async () =>
    E.map((backend: Backend): Opened => ({ backend, on, against: null }))(await acquire(name, {})());

const openWebgpu: Open = async () => {
  const { acquireDevice } = await import('../backends/webgpu/adapter.js');
  const { inSoftware } = await import('../backends/webgpu/inSoftware.js');
  const acquired = await acquireDevice({})();
  if (E.isLeft(acquired)) return acquired;
  const { backendOn } = await import('../backends/webgpu/backend.js');
  const { info } = acquired.right;
  return E.right({
    backend: backendOn(acquired.right),
    on: info.description || `${info.vendor} ${info.architecture}`,
    against: inSoftware(info) ? 'in software: auto passes it by' : null,
  });
};

const openers: Readonly<Record<BackendName, Open>> = {
  'node-gpu': opened('node-gpu', 'TensorFlow on CUDA'),
  webgpu: openWebgpu,
  wasm: opened('wasm', 'SIMD WebAssembly, one core'),
  node: opened('node', 'TensorFlow on the CPU'),
  cpu: opened('cpu', 'JavaScript, one core'),
};

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Acquires a backend, tries it and tells whether it works; measures it, tells how fast it is, and closes it. */
export async function* probe(name: BackendName): AsyncGenerator<Told, void, void> {
  const failed = (note: string): Told => ({
    finding: { backend: name, works: false, trusted: false, note, speeds: null },
    isLast: true,
  });
  try {
    const found = await openers[name]();
    if (E.isLeft(found)) return yield failed(found.left.message);
    const { backend, on, against } = found.right;
    const tried = await trial(backend)();
    if (E.isLeft(tried)) return yield failed(tried.left.message);

    const note = against === null ? on : `${on} (${against})`;
    const finding: Finding = { backend: name, works: true, trusted: against === null, note, speeds: null };
    yield { finding, isLast: false };
    const speeds = await speedsOf(backend).catch((thrown: unknown) => E.left({ message: messageOf(thrown) }));
    await backend.close();
    const measured = E.isRight(speeds)
      ? { speeds: speeds.right }
      : { note: `${note}; not measured: ${speeds.left.message}` };
    yield { finding: { ...finding, ...measured }, isLast: true };
  } catch (thrown) {
    yield failed(messageOf(thrown));
  }
}
