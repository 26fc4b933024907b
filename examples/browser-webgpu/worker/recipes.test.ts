import { unwrap } from 'noisefold';
import { expect, test } from 'vitest';
import { freshPlan, resumedPlan } from './recipes.js';

test('a training that the page saved before conditions had names goes on', () => {
  const { recipe, batch, key } = unwrap(freshPlan('tiny', 1));
  const { conditions, ...model } = recipe.model;
  expect(conditions).toEqual({ label: { classes: 10 } });
  const config = { ...recipe, model: { ...model, classes: 10, noClass: 'row', labelsAt: 'output' } };
  const plan = unwrap(resumedPlan({ step: 0, key, batch, config, tensors: new Map() }));
  expect([plan.recipe, plan.from.config]).toEqual([recipe, recipe]); // `fit` compares them
  const other = { ...config, model: { ...config.model, classes: 3 } };
  expect(resumedPlan({ step: 0, key, batch, config: other, tensors: new Map() })).toMatchObject({
    left: { where: 'its model', actual: expect.stringContaining('of 3 classes') },
  });
});
