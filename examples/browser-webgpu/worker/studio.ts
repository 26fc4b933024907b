/** Everything that the worker holds on a backend: a network in training, and its painters. */
import { type Backend, type NoisefoldError } from 'noisefold/dsl';
import { function as F, taskEither as TE } from 'fp-ts';
import type { Digits } from './digits.js';
import { beginLesson, type Lesson } from './lesson.js';
import { painters, type Painters } from './painters.js';
import type { Plan } from './recipes.js';

export interface Studio {
  readonly backend: Backend;
  readonly lesson: Lesson;
  readonly painters: Painters;
}

export const openStudio =
  (digits: Digits) =>
  (plan: Plan) =>
  (backend: Backend): TE.TaskEither<NoisefoldError, Studio> =>
    F.pipe(
      beginLesson(plan, digits, backend),
      TE.map((lesson) => ({ backend, lesson, painters: painters(lesson)(backend) })),
    );

/** Releases everything except the backend. */
export const closeStudio = ({ lesson, painters: { release } }: Studio): TE.TaskEither<NoisefoldError, void> =>
  F.pipe(
    TE.fromIO<void, NoisefoldError>(release),
    TE.flatMap(() => lesson.run.release),
  );
