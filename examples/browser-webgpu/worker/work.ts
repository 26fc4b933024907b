/** The tasks of the worker, as effects that report their results to the page. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { decodeCheckpoint, encodeCheckpoint, type Snapshot } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import type { Paint, Pixels } from '../shared/messages.js';
import type { Task } from './agenda.js';
import { start } from './beginning.js';
import { keep } from './keeping.js';
import { averageOf, type Loaded } from './network.js';
import { freshPlan, isOfDemo, type Plan, resumedPlan } from './recipes.js';
import { closeStudio, withNetwork, openStudio } from './studio.js';
import { begun, type Effect, type Outside, type World, worldOf } from './world.js';

/** The interval between copies of the training, in milliseconds. */
const COPY_EVERY = 20_000;

const notReady = failure('ConfigError', {
  where: 'the worker',
  expected: 'to be started first',
  actual: 'another request',
  hint: 'reload the page',
});

const bytesOf = (snapshot: Snapshot): E.Either<NoisefoldError, Pixels> =>
  E.map((bytes: Uint8Array) => bytes as Pixels)(encodeCheckpoint(snapshot)); // a new buffer

/** Copies the training to the host. */
const copied = (world: World): Effect<World & { readonly copy: Snapshot }> =>
  F.pipe(
    world.studio.lesson.run,
    TE.flatMap(({ snapshot }) => snapshot),
    TE.map((copy) => ({ ...world, copy, copiedAt: performance.now() })),
  );

/** Reports, once, that this browser saves nothing, and continues. */
const complained =
  (world: World, { tell }: Outside) =>
  ({ message }: NoisefoldError): Effect<World> =>
    TE.fromIO(() => {
      if (!world.complained) tell({ _tag: 'Failed', doing: 'keep', message })();
      return { ...world, complained: true };
    });

/** Copies the training and saves it in this browser. */
const keeping =
  (outside: Outside) =>
  (world: World): Effect<World> =>
    F.pipe(
      world.studio.lesson.started() === null ? TE.right(world) : copied(world),
      // a lost device loses everything that was not copied
      TE.orElse((error) => (world.studio.backend.lost() === null ? complained(world, outside)(error) : TE.left(error))),
      TE.flatMap((safe) =>
        !safe.keeps || safe.copy === null || safe.copy === world.copy
          ? TE.right(safe)
          : F.pipe(
              bytesOf(safe.copy),
              TE.fromEither,
              TE.flatMap((bytes) => keep(safe.settings.recipe, bytes)),
              TE.tapIO(() => outside.tell({ _tag: 'Kept', step: safe.done })),
              TE.map((): World => ({ ...safe, complained: false })),
              TE.orElse(complained(safe, outside)),
            ),
      ),
    );

/** Waits for the next event of the training. */
const event =
  ({ tell }: Outside) =>
  (world: World): Effect<World> =>
    F.pipe(
      world.studio.lesson.next,
      TE.tapIO((happened) => {
        switch (happened._tag) {
          case 'Step': {
            const { step, loss, milliseconds } = happened;
            return tell({ _tag: 'Stepped', step, loss, milliseconds });
          }
          case 'NonFinite':
            return tell({ _tag: 'NonFinite', step: happened.step });
          case 'HeldOut': {
            const { step, loss, trainingLoss = Number.NaN } = happened; // the lesson asks for it
            return tell({ _tag: 'HeldOut', step, loss, trainingLoss });
          }
          case 'Warning':
            return () => undefined;
        }
      }),
      TE.map((happened) => ({
        ...world,
        done: happened._tag === 'Step' ? happened.step + 1 : world.done,
      })),
    );

/** One step, with the measurements after it. */
const step =
  (outside: Outside) =>
  (world: World): Effect<World> =>
    F.pipe(
      event(outside)(world),
      TE.flatMap((moved) =>
        moved.done > world.done && moved.done % world.studio.lesson.plan.recipe.heldOutEvery === 0
          ? event(outside)(moved)
          : TE.right(moved),
      ),
      TE.flatMap((moved) =>
        performance.now() - moved.copiedAt > COPY_EVERY ? keeping(outside)(moved) : TE.right(moved),
      ),
    );

const paint =
  (asked: Paint, { tell, signal }: Outside) =>
  (world: World): Effect<World> => {
    const { id, purpose, network } = asked;
    let began = 0; // once it is compiled
    return F.pipe(
      world.studio[network].of(asked),
      TE.tapIO(() => () => (began = performance.now())),
      TE.flatMap((painter) => painter.paint(asked, (frame) => tell({ _tag: 'Frame', id, purpose, ...frame }), signal)),
      TE.tapIO((result) => tell({ _tag: 'Painted', id, purpose, milliseconds: performance.now() - began, ...result })),
      TE.map(() => world),
    );
  };

/** Replaces the training; keeps the current one if the other cannot start. */
const exchanged =
  (plan: Plan) =>
  (world: World): Effect<World> =>
    F.pipe(
      openStudio(world.files, world.studio)(plan)(world.studio.backend),
      TE.tap(({ lesson }) => lesson.run), // before the other one ends
      TE.tap(() => closeStudio(world.studio)),
      TE.map(worldOf(plan, world)),
    );

/** Draws with the network of a file in place of the shipped one. The training is unchanged. */
const openNetwork =
  (network: Loaded, name: string, { tell }: Outside) =>
  (world: World): Effect<World> =>
    F.pipe(
      withNetwork(network, world.studio),
      TE.tapIO(() => tell({ _tag: 'NetworkLoaded', name })),
      TE.map((studio) => ({ ...world, studio, files: { ...world.files, network } })),
    );

/** The current checkpoint of a training. */
const checkpointOf = (world: World): Effect<{ readonly step: number; readonly bytes: Pixels }> =>
  F.pipe(
    copied(world),
    TE.flatMapEither(({ copy }) => bytesOf(copy)),
    TE.map((bytes) => ({ step: world.done, bytes })),
  );

/** Runs a task; if it fails, the world is unchanged. */
export const carriedOut =
  (task: Task, outside: Outside) =>
  (world: World | null): Effect<World> => {
    const { tell } = outside;
    if (task._tag === 'Start') return start(task, outside);
    if (world === null) return TE.left(notReady);
    switch (task._tag) {
      case 'Step':
        return step(outside)(world);
      case 'Paint':
        return paint(task, outside)(world);
      case 'Keep':
        return keeping(outside)(world);
      case 'ComeToRest':
        return F.pipe(
          TE.fromIO<void, NoisefoldError>(tell({ _tag: 'Rested', step: world.done })),
          TE.flatMap(() => keeping(outside)(world)),
        );
      case 'Recognize':
        return F.pipe(
          world.studio.recognize(task.x),
          TE.tapIO((classes) => tell({ _tag: 'Recognized', id: task.id, classes })),
          TE.map(() => world),
        );
      case 'FindDigit':
        return F.pipe(
          world.files.digits.digit(task.at),
          TE.tapIO((digit) => tell({ _tag: 'Digit', ...digit })),
          TE.map(() => world),
        );
      case 'Save':
        return F.pipe(
          checkpointOf(world),
          TE.tapIO((checkpoint) => tell({ _tag: 'Saved', ...checkpoint })),
          TE.map(() => world),
        );
      case 'Open':
        return F.pipe(
          decodeCheckpoint(task.name)(task.bytes),
          E.flatMap(resumedPlan),
          TE.fromEither,
          TE.flatMap((plan) =>
            isOfDemo(plan)
              ? openNetwork(averageOf(plan), task.name, outside)(world)
              : F.pipe(exchanged(plan)(world), TE.tapIO(begun('file', outside)), TE.flatMap(keeping(outside))),
          ),
        );
      case 'Anew':
        return F.pipe(
          checkpointOf(world),
          TE.bindTo('before'),
          TE.bind('plan', () => TE.fromEither(freshPlan(world.settings.recipe, task.seed))),
          TE.bind('anew', ({ plan }) => exchanged(plan)(world)),
          TE.tapIO(({ anew }) => begun('noise', outside)(anew)),
          TE.tapIO(({ before }) => tell({ _tag: 'Replaced', ...before })),
          TE.map(({ anew }) => anew),
        );
    }
  };
