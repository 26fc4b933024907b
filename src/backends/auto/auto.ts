import type { Backend } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { exactly, functionOf } from '../../internal/decode.js';
import { E, type either, TE, type io, t, type taskEither } from '../../internal/fp.js';
import { withOptions } from '../shared/options.js';
import { wasmOptions } from '../wasm/options.js';
import { adapterOptions } from '../webgpu/adapterOptions.js';
import { acquire, type BackendName, type BackendOptions, ORDER } from './candidates.js';
import { trial } from './trial.js';

export type { BackendName } from './candidates.js';

/** A backend that was tried: why it was not taken, or null for the one that was. */
export interface Tried {
  readonly backend: BackendName;
  readonly error: NoisefoldError | null;
}

export interface AutoOptions extends BackendOptions {
  /** What is tried, in this order; `node-gpu`, `webgpu`, `wasm`, `node`, `cpu` if nothing is said. */
  readonly order?: readonly BackendName[];
  /** Is told of each as it has been tried; the last is the one that is taken. */
  readonly onTried?: (tried: Tried) => io.IO<void>;
}

type Told = NonNullable<AutoOptions['onTried']>;

const names = t.keyof(Object.fromEntries(ORDER.map((name) => [name, null])) as Record<BackendName, null>);

const autoOptions: t.Type<AutoOptions> = exactly(
  {},
  {
    order: t.readonlyArray(names),
    onTried: functionOf<Told>('a function'),
    webgpu: adapterOptions,
    wasm: wasmOptions,
  },
);

/** {@link trial}; what is thrown in it is a reason not to take a backend, too. */
const tried = (backend: Backend): taskEither.TaskEither<NoisefoldError, void> =>
  TE.flatten(
    TE.tryCatch(
      async () => TE.fromEither(await trial(backend)()),
      (thrown): NoisefoldError =>
        failure('BackendFailure', {
          where: `the ${backend.name} backend`,
          expected: 'it to carry out a trial',
          actual: String(thrown),
          hint: 'do not use it here',
        }),
    ),
  );

/** A backend that gets a trial right; one that does not is closed. */
const trusted = (
  acquired: taskEither.TaskEither<NoisefoldError, Backend>,
): taskEither.TaskEither<NoisefoldError, Backend> =>
  TE.flatMap((backend: Backend) => async () => {
    const outcome = await tried(backend)();
    if (E.isRight(outcome)) return E.right(backend);
    await backend.close(); // how that goes is of no interest any more
    return outcome;
  })(acquired);

/** Says how a try went; a `ConfigError` where that throws. */
const hearing = (onTried: AutoOptions['onTried'], tried: Tried): either.Either<NoisefoldError, void> =>
  E.tryCatch(
    () => onTried?.(tried)(),
    (thrown) =>
      failure('ConfigError', {
        where: 'auto.onTried',
        expected: 'a function to an effect that returns',
        actual: `one that threw ${String(thrown)}`,
        hint: 'give (tried) => () => { … }, and catch what it may throw',
      }),
  );

/** The first of some backends that gets a trial right: {@link auto}, with what stands behind the names. */
export const firstOf = (acquireOf: typeof acquire) =>
  withOptions<AutoOptions>('auto', autoOptions, ({ order = ORDER, onTried, ...options }) => async () => {
    const reasons: string[] = [];
    for (const backend of order) {
      const outcome = await trusted(acquireOf(backend, options))();
      const heard = hearing(onTried, { backend, error: E.isLeft(outcome) ? outcome.left : null });
      if (E.isLeft(heard)) {
        if (E.isRight(outcome)) await outcome.right.close(); // how that goes is of no interest any more
        return heard;
      }
      if (E.isRight(outcome)) return outcome;
      const { where, message } = outcome.left;
      reasons.push(where.includes(backend) ? message : `${backend}: ${message}`);
    }
    return E.left(
      failure('BackendUnavailable', {
        where: 'auto',
        expected: 'a backend that works here',
        actual: reasons.length === 0 ? 'none to try' : `none: ${reasons.join('. ')}`,
        hint: 'see to one of them, or try others',
      }),
    );
  });

/**
 * The best backend that works here. They are tried in an order, the fastest first: `node-gpu` (an NVIDIA GPU by
 * TensorFlow, where its package is installed), `webgpu` (a GPU, but none that computes in software), `wasm`, `node`
 * (TensorFlow on the CPU), `cpu`. Each has to get a tiny program right before it is trusted; those that are not taken are
 * closed. `BackendUnavailable` with the reasons of all, where none works.
 *
 * What is said under the name of a backend is what it is acquired with: in a browser `auto({ wasm: { paths } })`, as
 * `wasm({ paths })`, where the next would be `cpu`; `auto({ webgpu: { hardware: false } })` takes any adapter.
 *
 * @example
 * const tried: string[] = []
 * const onTried = ({ backend, error }: Tried) => () => void tried.push(error === null ? backend : `no ${backend}`)
 * const name = pipe(askBackend, RTE.map((backend) => backend.name))
 * await using(auto({ order: ['wasm', 'cpu'], onTried }))(name)() // → E.right('wasm')
 * tried // → ['wasm']
 */
export const auto = firstOf(acquire);
