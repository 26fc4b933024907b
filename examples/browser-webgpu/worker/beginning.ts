/** Gets a network on a backend: when the page opens, and after a lost device. */
import type { NoisefoldError } from 'noisefold/dsl';
import { decodeCheckpoint } from 'noisefold/training';
import { either as E, function as F, type io as IO, taskEither as TE } from 'fp-ts';
import { type Settings, USUAL_SEED } from '../shared/settings.js';
import type { Task } from './agenda.js';
import { type Acquired, acquire, insteadOfWebgpu } from './backends.js';
import { digitsAt } from './digits.js';
import { kept, theKeeper } from './keeping.js';
import { networkAt } from './network.js';
import { freshPlan, type Plan, resumedPlan } from './recipes.js';
import { type Files, openStudio, type Studio } from './studio.js';
import { begun, type Effect, type Outside, type World, worldOf } from './world.js';

const told =
  ({ tell }: Outside) =>
  ({ backend, threads, why }: Acquired): IO.IO<void> =>
    tell({ _tag: 'Works', backend: backend.name, threads, why });

/** Makes a studio on a backend, and reports the backend to the page. */
const settled =
  (files: Files, outside: Outside) =>
  (plan: Plan) =>
  (acquired: Effect<Acquired>): Effect<Studio> =>
    F.pipe(
      acquired,
      TE.tapIO(told(outside)),
      TE.flatMap(({ backend }) => openStudio(files)(plan)(backend)),
    );

/** A studio on the backend of the settings; `auto` falls back to WebAssembly. */
const settledAs =
  (settings: Settings, files: Files, outside: Outside) =>
  (plan: Plan): Effect<Studio> => {
    const on = settled(files, outside)(plan);
    return F.pipe(
      acquire(settings, outside.tell),
      TE.flatMap((acquired) =>
        F.pipe(
          on(TE.right(acquired)),
          TE.orElse((error) =>
            settings.backend === 'auto' && acquired.backend.name === 'webgpu'
              ? on(insteadOfWebgpu(settings, outside.tell, 'failed', error.message))
              : TE.left(error),
          ),
        ),
      ),
    );
  };

/** The training that this browser saved; null if there is none, or an unreadable one, which is reported. */
const keptPlan = ({ recipe }: Settings, { tell }: Outside): Effect<Plan | null> =>
  F.pipe(
    kept(recipe),
    TE.flatMapEither((bytes) =>
      bytes === null
        ? E.right(null)
        : F.pipe(bytes, decodeCheckpoint('the training that this browser saved'), E.flatMap(resumedPlan)),
    ),
    TE.orElse(({ message }): Effect<Plan | null> =>
      TE.map(() => null)(TE.fromIO(tell({ _tag: 'Failed', doing: 'keep', message }))),
    ),
  );

/** The files at the addresses of a first request. They load when they are needed. */
export const filesAt = ({ digits, network }: { readonly digits: string; readonly network: string }): Files => ({
  digits: digitsAt(digits),
  network: networkAt(network),
});

/** Acquires a backend, and starts a network: the saved one or a new one. The digits load later. */
export const start = ({ settings }: Extract<Task, { readonly _tag: 'Start' }>, outside: Outside): Effect<World> =>
  F.pipe(
    TE.right<NoisefoldError, Files>(outside.files),
    TE.bindTo('files'),
    TE.bind('keeps', () => theKeeper(settings.recipe)),
    TE.bind('found', () => keptPlan(settings, outside)),
    TE.bind('plan', ({ found }) =>
      found === null ? TE.fromEither(freshPlan(settings.recipe, settings.seed ?? USUAL_SEED)) : TE.right(found),
    ),
    TE.flatMap(({ files, keeps, found, plan }) =>
      F.pipe(
        settledAs(settings, files, outside)(plan),
        TE.map(worldOf(plan, { settings, files, keeps, losses: 0 })),
        TE.tapIO(begun(found === null ? 'noise' : 'kept', outside)),
        TE.tapIO(() => (keeps ? () => undefined : outside.tell({ _tag: 'KeptElsewhere' }))),
      ),
    ),
  );

/** Tests whether WebAssembly may do what WebGPU failed to do: the page chose it, and no training is lost. */
export const mayMove = ({ settings, studio, done, copy }: World, { _tag }: NoisefoldError): boolean =>
  _tag === 'BackendFailure' &&
  settings.backend === 'auto' &&
  studio.backend.name === 'webgpu' &&
  done === 0 &&
  copy === null;

/** After a lost device acquires another one, and WebAssembly the second time or after another failure. Resumes from the last copy. */
export const recovered =
  ({ copy, studio, done, ...rest }: World, outside: Outside) =>
  ({ message }: NoisefoldError): Effect<World> => {
    const plan: Plan = { ...studio.lesson.plan, from: copy };
    const { settings, files, losses } = rest;
    const why = studio.backend.lost() === null ? 'failed' : 'lost';
    return F.pipe(
      TE.fromIO<void, NoisefoldError>(outside.tell({ _tag: 'Lost', step: done, message })),
      TE.flatMap(() =>
        losses > 0 || why === 'failed'
          ? settled(files, outside)(plan)(insteadOfWebgpu(settings, outside.tell, why, message))
          : settledAs(settings, files, outside)(plan),
      ),
      TE.map(worldOf(plan, { ...rest, losses: losses + 1 })),
      TE.tapIO(begun(done === 0 ? 'noise' : 'lost', outside)),
    );
  };
