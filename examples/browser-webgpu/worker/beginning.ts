/** Gets a network on a backend: when the page opens, and after a lost device. */
import type { NoisefoldError } from 'noisefold/dsl';
import { decodeCheckpoint } from 'noisefold/training';
import { either as E, function as F, type io as IO, taskEither as TE } from 'fp-ts';
import { type Settings, USUAL_SEED } from '../shared/settings.js';
import type { Task } from './agenda.js';
import { type Acquired, acquire, insteadOfWebgpu } from './backends.js';
import { digitsAt } from './digits.js';
import { kept, theKeeper } from './keeping.js';
import { facesAt, networkAt } from './network.js';
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

/** The world on WebAssembly, if the page chose WebGPU by itself and it failed before a training started there; otherwise the error. */
export const moved =
  (world: World, outside: Outside) =>
  (error: NoisefoldError): Effect<World> => {
    const { settings, files, studio } = world;
    const { backend, lesson } = studio;
    const mayMove = settings.backend === 'auto' && backend.name === 'webgpu' && lesson.started() === null;
    return mayMove && error._tag === 'BackendFailure'
      ? F.pipe(
          backend.close,
          TE.flatMap(() => insteadOfWebgpu(settings, outside.tell, 'failed', error.message)),
          settled(files, outside)(lesson.plan),
          TE.map((other) => ({ ...world, studio: other })),
        )
      : TE.left(error);
  };

/** Starts a training that resumes, whose snapshot may not fit. A new one waits for its first step, because most visitors only draw. */
const resumed =
  (outside: Outside) =>
  (world: World): Effect<World> =>
    world.copy === null
      ? TE.right(world)
      : F.pipe(
          world.studio.lesson.run,
          TE.map(() => world),
          TE.orElse((error) => TE.flatMap(resumed(outside))(moved(world, outside)(error))),
        );

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

/** The files in the folder of the page. They load when they are needed. */
export const filesAt = (folder: string): Files => {
  const at = (name: string): string => new URL(name, folder).href;
  return { digits: digitsAt(at('digits.bin')), network: networkAt(at('network.bin')), faces: facesAt(at('faces.bin')) };
};

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
        settled(files, outside)(plan)(acquire(settings, outside.tell)),
        TE.map(worldOf(plan, { settings, files, keeps, losses: 0 })),
        TE.flatMap(resumed(outside)),
        TE.tapIO(begun(found === null ? 'noise' : 'kept', outside)),
        TE.tapIO(() => (keeps ? () => undefined : outside.tell({ _tag: 'KeptElsewhere' }))),
      ),
    ),
  );

/** After a lost device: acquires another one, or WebAssembly the second time, and resumes from the last copy. */
export const recovered =
  ({ copy, studio, done, ...rest }: World, outside: Outside) =>
  ({ message }: NoisefoldError): Effect<World> => {
    const plan: Plan = { ...studio.lesson.plan, from: copy };
    const { settings, files, losses } = rest;
    return F.pipe(
      TE.fromIO<void, NoisefoldError>(outside.tell({ _tag: 'Lost', step: done, message })),
      TE.flatMap(() =>
        F.pipe(
          losses > 0 ? insteadOfWebgpu(settings, outside.tell, 'lost', message) : acquire(settings, outside.tell),
          settled(files, outside)(plan),
        ),
      ),
      TE.map(worldOf(plan, { ...rest, losses: losses + 1 })),
      TE.flatMap(resumed(outside)),
      TE.tapIO(begun('lost', outside)),
    );
  };
