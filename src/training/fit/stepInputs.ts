/** The specs of the inputs of a step, without its state. */
import { fromData } from '../../checkpoints/trained.js';
import { conditionsSpec } from '../../data/columnSpecs.js';
import { leafSpec, type Resident, type Shape, treeSpec, type TreeSpec } from '../../dsl/index.js';
import type { Coupling } from '../couplings/coupling.js';
import type { Examples } from './accumulation.js';
import { learningOf } from './trainingLosses.js';
import type { AnyRecipe } from './recipe.js';

/** The spec of examples for a model. Examples have noise if the training has a coupling. */
export const examplesSpec = <P, I extends Shape>(
  { model, conditions }: Pick<AnyRecipe<P, I>, 'model' | 'conditions'>,
  coupling: Coupling | undefined,
  image: Shape,
): TreeSpec<Examples<I>> =>
  treeSpec({
    x0: leafSpec(['B', ...image]),
    conditions: conditionsSpec(fromData(model, conditions), image),
    ...(coupling === undefined ? {} : { noise: leafSpec(['B', ...image]) }),
    key: leafSpec([], 'key'),
  });

/** The parameters of the teacher of a loss, if it has one. */
export interface TeacherInputs {
  readonly teacher?: unknown;
}

/** The spec of {@link TeacherInputs}. */
export const teacherSpec = <P, I extends Shape>(recipe: AnyRecipe<P, I>): { readonly teacher?: TreeSpec<unknown> } => {
  const { teacher } = learningOf(recipe);
  return teacher === undefined ? {} : { teacher: teacher.model.params };
};

/** The parameters of the teacher on the backend. */
export const teacherInputs = <P, I extends Shape>(recipe: AnyRecipe<P, I>): Resident<TeacherInputs> => {
  const { teacher } = learningOf(recipe);
  return teacher === undefined ? {} : { teacher: teacher.params as Resident<unknown> }; // values, which the program checks
};
