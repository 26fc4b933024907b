/** Everything that the worker holds on a backend: a network in training, the shipped one, and their painters. */
import { type Backend, type NoisefoldError, release, type Resident } from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import { type TrainingRun, uploadTensors } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import type { Digits } from './digits.js';
import { once } from './fetched.js';
import { type Lesson, lessonOf } from './lesson.js';
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
  /** The painters of the network of faces. */
  readonly faces: Painters;
  /** The classifier, which stays too. */
  readonly recognize: Recognize;
}

/** The files of the page that the worker needs. */
export interface Files {
  readonly digits: Digits;
  /** The shipped network, or one in its place. */
  readonly network: Loaded;
  readonly faces: Loaded;
}

type Effect<A> = TE.TaskEither<NoisefoldError, A>;

/** The painters of a loaded network. Its parameters are uploaded when it first draws, and stay until the painters are released. */
export const paintersOf = (network: Loaded, backend: Backend): Effect<Painters> =>
  F.pipe(
    TE.fromEither(network.parts()),
    TE.map((parts) => {
      let resident: readonly Resident<UNetParams>[] = []; // none before it draws
      const upload = (tensors: Weights) => uploadTensors('the network', parts.model.params)(tensors)(backend);
      const keep = (params: Resident<UNetParams>) => () => void (resident = [params]);
      const borrow = once(F.pipe(network.weights, TE.flatMap(upload), TE.tapIO(keep)));
      const drawing = painters({ ...parts, borrow, giveBack: () => TE.right(undefined) })(backend);
      return {
        ...drawing,
        release: F.pipe(
          drawing.release,
          TE.flatMap(() => release(resident)(backend)),
        ),
      };
    }),
  );

/** Prepares a training, beside what stays of another one on the same backend. */
export const openStudio =
  ({ digits, network, faces }: Files, before?: Studio) =>
  (plan: Plan) =>
  (backend: Backend): Effect<Studio> =>
    F.pipe(
      before === undefined ? paintersOf(network, backend) : TE.right(before.shipped),
      TE.bindTo('shipped'),
      TE.bind('faces', () => (before === undefined ? paintersOf(faces, backend) : TE.right(before.faces))),
      TE.bind('lesson', () => TE.fromEither(lessonOf(plan, digits, backend))),
      TE.map(({ shipped, faces: ofFaces, lesson }) => {
        const {
          model,
          noising,
          run,
          plan: { recipe },
        } = lesson;
        const giveBack = (params: Resident<UNetParams>) => release(params)(backend);
        const borrow = TE.flatMap(({ average }: TrainingRun<UNetParams>) => average)(run);
        const own = painters({ model, noising, image: recipe.model.image, borrow, giveBack })(backend);
        return { backend, lesson, own, shipped, faces: ofFaces, recognize: before?.recognize ?? recognizerOn(backend) };
      }),
    );

/** Draws with another loaded network. Fails with `CheckpointMismatch` if its tensors are not those of its recipe. */
export const withNetwork = (network: Loaded, studio: Studio): Effect<Studio> =>
  F.pipe(
    paintersOf(network, studio.backend),
    TE.tap(({ check }) => check),
    TE.tap(() => studio.shipped.release),
    TE.map((shipped) => ({ ...studio, shipped })),
  );

/** Ends a training. */
export const closeStudio = ({ lesson, own }: Studio): Effect<void> =>
  F.pipe(
    own.release,
    TE.flatMap(() => lesson.started()?.release ?? TE.right(undefined)),
  );
