import type { Backend } from '../../dsl/plan/backend.js';
import { fail, failure, type NoisefoldError } from '../../internal/errors.js';
import { functionOf } from '../../internal/decode.js';
import { E, type either, TE, type io, t, type taskEither } from '../../internal/fp.js';
import { optional, record } from '../../internal/schema.js';
import { withOptions } from '../shared/options.js';
import { wasmOptions } from '../wasm/options.js';
import { adapterOptions } from '../webgpu/device/adapterOptions.js';
import { acquire, type BackendName, type BackendOptions, BACKENDS, ORDER } from './candidates.js';
import { trial } from './trial.js';

export type { BackendName } from './candidates.js';

/** The outcome for one backend: the error that excludes it, or null for the selected backend. */
export interface Tried {
  readonly backend: BackendName;
  readonly error: NoisefoldError | null;
}

export interface AutoOptions extends BackendOptions {
  /** The backends to try, in this order. Default: `webgpu`, `tfjs-node-gpu`, `wasm`, `tfjs-node`, `reference`. */
  readonly order?: readonly BackendName[];
  /** Called after each backend has been tried. The last call is for the selected backend. */
  readonly onTried?: (tried: Tried) => io.IO<void>;
}

type OnTried = NonNullable<AutoOptions['onTried']>;

const names = t.keyof(Object.fromEntries(BACKENDS.map((name) => [name, null])) as Record<BackendName, null>);

const autoOptions = {
  order: optional(t.readonlyArray(names)),
  onTried: optional(functionOf<OnTried>('a function')),
  webgpu: optional(record(adapterOptions)),
  wasm: optional(record(wasmOptions)),
} satisfies Record<keyof AutoOptions, unknown>;

/** Runs {@link trial}. A thrown error excludes the backend too. */
const runTrial = (backend: Backend): taskEither.TaskEither<NoisefoldError, void> =>
  TE.flatten(
    TE.tryCatch(
      async () => TE.fromEither(await trial(backend)()),
      (thrown): NoisefoldError =>
        failure('BackendFailure', {
          where: `the ${backend.name} backend`,
          expected: 'the trial program to run',
          actual: String(thrown),
          hint: 'do not use this backend on this machine',
        }),
    ),
  );

/** Acquires a backend and runs the trial on it. Closes the backend if the trial fails. */
const verified = (
  acquired: taskEither.TaskEither<NoisefoldError, Backend>,
): taskEither.TaskEither<NoisefoldError, Backend> =>
  TE.flatMap((backend: Backend) => async () => {
    const outcome = await runTrial(backend)();
    if (E.isRight(outcome)) return E.right(backend);
    await backend.close(); // the error of the trial takes precedence over an error on closing
    return outcome;
  })(acquired);

/** Reports an outcome to `onTried`. Returns a `ConfigError` if `onTried` or its effect throws. */
const reportTried = (onTried: AutoOptions['onTried'], outcome: Tried): either.Either<NoisefoldError, void> =>
  E.tryCatch(
    () => onTried?.(outcome)(),
    (thrown) =>
      failure('ConfigError', {
        where: 'auto.onTried',
        expected: 'a function that returns an effect and does not throw',
        actual: `one that threw ${String(thrown)}`,
        hint: 'pass (tried) => () => { … } and catch errors inside it',
      }),
  );

/** {@link auto}, with the function that acquires a backend by name as a parameter. */
export const firstWorking = (acquireOf: typeof acquire) =>
  withOptions<AutoOptions>('auto', autoOptions, ({ order = ORDER, onTried, ...options }) => async () => {
    const reasons: string[] = [];
    for (const backend of order) {
      const outcome = await verified(acquireOf(backend, options))();
      const reported = reportTried(onTried, { backend, error: E.isLeft(outcome) ? outcome.left : null });
      if (E.isLeft(reported)) {
        if (E.isRight(outcome)) await outcome.right.close(); // the error of `onTried` takes precedence
        return reported;
      }
      if (E.isRight(outcome)) return outcome;
      const { where, message } = outcome.left;
      reasons.push(where.includes(backend) ? message : `${backend}: ${message}`);
    }
    return fail('BackendUnavailable', {
      where: 'auto',
      expected: 'a backend that works here',
      actual: reasons.length === 0 ? 'an empty order' : `none: ${reasons.join('. ')}`,
      hint: 'fix one of these backends, or list others in order',
    });
  });

/**
 * Acquires the fastest backend that works on this machine. Backends are tried in this order: `webgpu` (a hardware GPU;
 * software-emulated GPUs are skipped), `tfjs-node-gpu` (an NVIDIA GPU through TensorFlow, if its package is installed),
 * `wasm`, `tfjs-node` (TensorFlow on the CPU, if its package is installed), `reference` (slow, but it works
 * everywhere). A backend is selected only if it computes a small program correctly; every other backend that was opened
 * is closed. Fails with `BackendUnavailable`, which lists all reasons, if no backend works.
 *
 * Options of a backend are passed under its name: `auto({ webgpu: { hardware: false } })` accepts software-emulated GPUs.
 * @example
 * const tried: string[] = []
 * const onTried = ({ backend, error }: Tried) => () => void tried.push(error === null ? backend : `no ${backend}`)
 * await using nf = await open(auto({ order: ['wasm', 'reference'], onTried }))
 * nf.backend.name // → 'wasm'
 * tried // → ['wasm']
 */
export const auto = firstWorking(acquire);
