/** Functions of a training that a snapshot cannot identify. */
import { isAnonymous, NAMELESS } from '../../data/identity.js';
import type { ImageShape } from '../../data/dataset.js';
import { learningOf } from './trainingLosses.js';
import { defaults } from './recipe.js';
import type { AnyTraining } from './training.js';

/** Names of functions in warnings, and of variables in their examples. */
const TITLES = {
  loss: 'the loss',
  times: 'the draw of times',
  conditions: 'a condition',
  coupling: 'the coupling',
  augmentation: 'an augmentation',
} as const;

type Field = keyof typeof TITLES;

/** The fields with functions that have neither a name nor settings. A `config` describes all functions but augmentations. */
const anonymousIn = <P, I extends ImageShape>(training: AnyTraining<P, I>): readonly Field[] => {
  const { conditions, coupling, times = defaults.times, config, data } = training;
  const functions = config === undefined ? { loss: learningOf(training).objective, times, coupling } : {};
  const makers = config === undefined ? Object.values(conditions ?? {}) : [];
  return [
    ...Object.entries(functions).flatMap(([field, f]) => (f !== undefined && isAnonymous(f) ? [field as Field] : [])), // a key of the record
    ...(makers.some(isAnonymous) ? (['conditions'] as const) : []),
    ...(data.augmentations?.includes(NAMELESS) === true ? (['augmentation'] as const) : []),
  ];
};

/** Writes the warning about functions that a resumed run cannot compare; null if there are none. */
export const anonymousText = <P, I extends ImageShape>(training: AnyTraining<P, I>): string | null => {
  const fields = anonymousIn(training);
  const [first] = fields;
  if (first === undefined) return null;
  const titles = fields.map((field) => TITLES[field]).join(' and ');
  const [have, they] = fields.length === 1 ? ['has', 'it is'] : ['have', 'they are'];
  return `${titles} ${have} neither a name nor settings, so that a resumed run cannot tell whether ${they} the same: name the function, or state what it was made from by Object.assign(${first}, { settings: { power: 1 } })`;
};
