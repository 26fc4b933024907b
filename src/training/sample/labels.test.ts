import { expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { cosine, ddim, ddpm, labelOf, type Model } from '../../diffusion/index.js';
import { addPerSample, cast, expandDims, key, mul, sub, treeSpec, using, zerosLike } from '../../dsl/index.js';
import { leftOf, right } from '../testing.js';
import { sample } from './sample.js';

/** A model of three classes that predicts label/2 - 1. */
const none = { params: treeSpec<object>({}), init: () => ({}) };
const model: Model<object, [1, 1, 1]> = {
  ...none,
  conditions: { label: { classes: 3 } },
  predicts: 'x0',
  apply: (_, x, at) => addPerSample(zerosLike(x), expandDims(mul(sub(cast(labelOf(at)!, 'float32'), 2), 0.5), 1)),
};
const { conditions: _, ...plain } = model;
const trained = { model, noising: right(ddpm(cosine(100))), image: [1, 1, 1], params: {} } as const;
const named = { ...trained, names: { label: ['cat', 'dog', 'fox'] } };
const parts = { solver: ddim(), grid: 2, key: key(1) };

test('labels are numbers, names, or null for no class', async () => {
  const drawn = using(reference())(sample(named, { ...parts, labels: [0, 'dog', 2, null] }));
  expect([...right(await drawn()).data]).toEqual([-1, -0.5, 0, 0.5]);
});

test.each([
  [named, 3, 'expected a class of the model, 0 to 2, got 3; classes are numbered from 0; null means no class'],
  [named, 4, 'expected a class of the model, 0 to 2, got 4; give other classes, or make the model with more'],
  [named, -1, 'expected a class of the model, 0 to 2, got -1; give other classes, or make the model with more'],
  [named, 'dig', 'expected a class: cat, dog, fox, got "dig"; did you mean dog?'],
  [trained, 'dog', 'expected a number, because there are no names of classes, got "dog"; give its number, or name the classes in the model: conditions: { label: data.names.label }'],
  [named, true as never, 'expected a class of the model, 0 to 2, got true; give its number, its name, or null for none'],
] as const)('%#: another label is an error', async (of, label, message) => {
  const { message: found } = await leftOf(using(reference())(sample(of, { ...parts, labels: [label] })));
  expect(found).toBe(`sample: label of sample 0: ${message}`);
}); // oxfmt-ignore

test('labels of a model without label are an error', async () => {
  const { message } = await leftOf(
    using(reference())(sample({ ...trained, model: plain }, { ...parts, labels: [null] })),
  );
  expect(message).toBe(
    'sample: conditions.label: expected no conditions, got a condition that the model does not take; leave it out, or make the model with it',
  );
});

test('null is an error for a model that was trained without dropout of labels', async () => {
  const drawn = sample({ ...trained, conditionDropout: 0 }, { ...parts, labels: [0, null] });
  expect(await leftOf(using(reference())(drawn))).toMatchObject({ where: 'sample: label of sample 1' });
});
