/** Everything that the worker holds on a backend: a network in training, the shipped one, and their painters. */
import { type Backend, type NoisefoldError, release, type Resident } from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import { uploadTensors } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { type Architecture, architectureOf } from '../../mnist/recipe.js';
import type { Digits } from './digits.js';
import { beginLesson, type Lesson } from './lesson.js';
import type { Loaded, Weights } from './network.js';
import { painters, type Painters } from './painters.js';
import type { Plan } from './recipes.js';
import { type Recognize, recognizerOn } from './recognition.js';

export interface Studio {
  readonly backend: Backend;
  readonly lesson: Lesson;
  /** The painters of the network in training. */
  readonly own: Painters;
  /** The painters of the shipped network, or of one in its place. */
  readonly shipped: Painters;
  /** The classifier, which stays too. */
  readonly recognize: Recognize;
}

/** The files of the page that the worker needs. */
export interface Files {
  readonly digits: Digits;
  /** The shipped network, or one in its place. */
  readonly network: Loaded;
}

type Effect<A> = TE.TaskEither<NoisefoldError, A>;

/** The painters of a network on a backend, which draw with the parameters that `borrow` gets for each request. */
const paintersOf = (
  { model, noising }: Architecture,
  borrow: Effect<Resident<UNetParams>>,
  backend: Backend,
): Painters => painters({ model, noising, borrow, giveBack: (params) => release(params)(backend) })(backend);

/** The painters of a loaded network. */
const drawingOn = ({ recipe, weights }: Loaded, backend: Backend): Effect<Painters> =>
  F.pipe(
    TE.fromEither(architectureOf(recipe)),
    TE.map((parts) => {
      const upload = (tensors: Weights) => uploadTensors('the network', parts.model.params)(tensors)(backend);
      return paintersOf(parts, F.pipe(weights, TE.flatMap(upload)), backend);
    }),
  );

/** Begins or resumes a training, beside what stays of another one on the same backend. */
export const openStudio =
  ({ digits, network }: Files, before?: Studio) =>
  (plan: Plan) =>
  (backend: Backend): Effect<Studio> =>
    F.pipe(
      before === undefined ? drawingOn(network, backend) : TE.right(before.shipped),
      TE.bindTo('shipped'),
      TE.bind('lesson', () => beginLesson(plan, digits, backend)),
      TE.map(({ shipped, lesson }) => {
        const own = paintersOf(lesson, lesson.run.average, backend);
        return { backend, lesson, own, shipped, recognize: before?.recognize ?? recognizerOn(backend) };
      }),
    );

/** Draws with another loaded network. Fails with `CheckpointMismatch` if its tensors are not those of its recipe. */
export const drawingWith = (network: Loaded, studio: Studio): Effect<Studio> =>
  F.pipe(
    drawingOn(network, studio.backend),
    TE.tap(({ check }) => check),
    TE.tapIO(() => studio.shipped.release),
    TE.map((shipped) => ({ ...studio, shipped })),
  );

/** Ends a training. */
export const closeStudio = ({ lesson, own: { release } }: Studio): TE.TaskEither<NoisefoldError, void> =>
  F.pipe(
    TE.fromIO<void, NoisefoldError>(release),
    TE.flatMap(() => lesson.run.release),
  );
