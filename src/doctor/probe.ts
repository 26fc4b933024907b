/** Tests one backend: whether it works, on which device, and how fast. */
import type { Backend } from '../dsl/plan/backend.js';
import { messageOf, type NoisefoldError } from '../internal/errors.js';
import { acquire } from '../backends/auto/candidates.js';
import { trial } from '../backends/auto/trial.js';
import { formFor } from '../backends/wasm/forms.js';
import type { BackendName } from '../backends/auto/index.js';
import { E, type either } from '../internal/fp.js';
import { type Speeds, speedsOf } from './speeds.js';

export interface Finding {
  readonly backend: BackendName;
  readonly works: boolean;
  /** True if `auto` accepts the backend. It takes the first one that it accepts. */
  readonly trusted: boolean;
  /**
   * The device of the backend, followed by the reason why `auto` skips it or why its speeds are missing; or the reason
   * why it does not work.
   */
  readonly note: string;
  readonly speeds: Speeds | null;
}

/** A message of a probe: what is known about the backend. `isLast` marks the final message. */
export interface ProbeMessage {
  readonly finding: Finding;
  readonly isLast: boolean;
}

/** An acquired backend, its device, and the reason why `auto` skips it (null if there is none). */
interface OpenBackend {
  readonly backend: Backend;
  readonly device: string;
  readonly skipReason: string | null;
}

type Open = () => Promise<either.Either<NoisefoldError, OpenBackend>>;

const openerOf =
  (name: BackendName, device: () => string): Open =>
  async () =>
    E.map((backend: Backend): OpenBackend => ({ backend, device: device(), skipReason: null }))(
      await acquire(name, {})(),
    );

/** Says which tiles the wasm backend uses, and the measurement that chose them. */
const wasmDevice = (): string => {
  const { isWide, ratio } = formFor(false).choice();
  const comparison = Number.isNaN(ratio) ? 'no time to compare them' : `wide : narrow = ${ratio.toFixed(2)}`;
  return `SIMD WebAssembly, all cores, ${isWide ? 'wide' : 'narrow'} tiles (${comparison})`;
};

const openWebgpu: Open = async () => {
  const { acquireDevice } = await import('../backends/webgpu/device/adapter.js');
  const { isSoftwareAdapter } = await import('../backends/webgpu/device/softwareAdapter.js');
  const acquired = await acquireDevice({})();
  if (E.isLeft(acquired)) return acquired;
  const { backendOn } = await import('../backends/webgpu/backend.js');
  const { info } = acquired.right;
  return E.right({
    backend: await backendOn(acquired.right),
    device: info.description || `${info.vendor} ${info.architecture}`,
    skipReason: isSoftwareAdapter(info) ? 'software-emulated: auto skips it' : null,
  });
};

const OPENERS: Readonly<Record<BackendName, Open>> = {
  webgpu: openWebgpu,
  wasm: openerOf('wasm', wasmDevice),
  reference: openerOf('reference', () => 'float64 JavaScript, one core'),
  'tfjs-node-gpu': openerOf('tfjs-node-gpu', () => 'TensorFlow on CUDA'),
  'tfjs-node': openerOf('tfjs-node', () => 'TensorFlow on the CPU'),
  'tfjs-webgpu': openerOf('tfjs-webgpu', () => 'tfjs on the GPU of webgpu'),
  'tfjs-wasm': openerOf('tfjs-wasm', () => 'tfjs in WebAssembly, one core'),
  'tfjs-cpu': openerOf('tfjs-cpu', () => 'tfjs in JavaScript, one core'),
};

/**
 * Acquires a backend, runs the trial and yields the finding. Then measures speeds, closes the backend, and yields the
 * finding with its speeds.
 */
export async function* probe(name: BackendName): AsyncGenerator<ProbeMessage, void, void> {
  const failure = (note: string): ProbeMessage => ({
    finding: { backend: name, works: false, trusted: false, note, speeds: null },
    isLast: true,
  });
  try {
    const result = await OPENERS[name]();
    if (E.isLeft(result)) return yield failure(result.left.message);
    const { backend, device, skipReason } = result.right;
    const tried = await trial(backend)();
    if (E.isLeft(tried)) return yield failure(tried.left.message);

    const note = skipReason === null ? device : `${device} (${skipReason})`;
    const finding: Finding = { backend: name, works: true, trusted: skipReason === null, note, speeds: null };
    yield { finding, isLast: false };
    const speeds = await speedsOf(backend)().catch((thrown: unknown) => E.left({ message: messageOf(thrown) }));
    await backend.close();
    const measurement = E.isRight(speeds)
      ? { speeds: speeds.right }
      : { note: `${note}; not measured: ${speeds.left.message}` };
    yield { finding: { ...finding, ...measurement }, isLast: true };
  } catch (thrown) {
    yield failure(messageOf(thrown));
  }
}
