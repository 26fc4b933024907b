/** Everything that the worker holds on a backend: a network in training, the shipped one, and their painters. */
import { type Backend, type NoisefoldError, release } from 'noisefold/dsl';
import { uploadTensors } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { type Architecture, architectureOf, recipe } from '../../mnist/recipe.js';
import type { Digits } from './digits.js';
import { once } from './fetched.js';
import { beginLesson, type Lesson } from './lesson.js';
import type { Weights } from './network.js';
import { painters, type Painters } from './painters.js';
import type { Plan } from './recipes.js';
import { type Recognize, recognizerOn } from './recognition.js';

export interface Studio {
  readonly backend: Backend;
  readonly lesson: Lesson;
  /** The painters of the network in training. */
  readonly own: Painters;
  /** The painters of the shipped network, which stay as long as the backend. */
  readonly shipped: Painters;
  /** The classifier, which stays too. */
  readonly recognize: Recognize;
}

/** The files of the page that the worker needs. */
export interface Files {
  readonly digits: Digits;
  /** The weights of the shipped network. */
  readonly weights: TE.TaskEither<NoisefoldError, Weights>;
}

/** The painters of the shipped network, which is that of the demo. Its weights are uploaded when it first draws. */
const shippedOn = ({ model, noising }: Architecture, weights: Files['weights'], backend: Backend): Painters => {
  const upload = (tensors: Weights) => uploadTensors('the network', model.params)(tensors)(backend);
  const borrow = once(F.pipe(weights, TE.flatMap(upload)));
  return painters({ model, noising, borrow, giveBack: () => TE.right(undefined) })(backend);
};

/** Begins or resumes a training, beside what stays of another one on the same backend. */
export const openStudio =
  ({ digits, weights }: Files, before?: Studio) =>
  (plan: Plan) =>
  (backend: Backend): TE.TaskEither<NoisefoldError, Studio> =>
    F.pipe(
      TE.fromEither(architectureOf(recipe)),
      TE.bindTo('parts'),
      TE.bind('lesson', () => beginLesson(plan, digits, backend)),
      TE.map(({ parts, lesson }) => {
        const { model, noising, run } = lesson;
        const { shipped, recognize } = before ?? {
          shipped: shippedOn(parts, weights, backend),
          recognize: recognizerOn(backend),
        };
        const own = painters({
          model,
          noising,
          borrow: run.average,
          giveBack: (params) => release(params)(backend),
        })(backend);
        return { backend, lesson, own, shipped, recognize };
      }),
    );

/** Ends a training. */
export const closeStudio = ({ lesson, own: { release } }: Studio): TE.TaskEither<NoisefoldError, void> =>
  F.pipe(
    TE.fromIO<void, NoisefoldError>(release),
    TE.flatMap(() => lesson.run.release),
  );
