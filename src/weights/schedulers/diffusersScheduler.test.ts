import { expect, test } from 'vitest';
import { ddim, levelsOf, trailing } from '../../diffusion/index.js';
import { right } from '../../training/testing.js';
import { diffusersScheduler } from './diffusersScheduler.js';

test('a scheduler is a process and a sampling, for a number of steps and an η', () => {
  const config = { _class_name: 'DDIMScheduler', timestep_spacing: 'trailing', prediction_type: 'v_prediction' };
  const { noising, predicts, sampling, notes } = right(diffusersScheduler(config, { steps: 4, eta: 0.5 }));
  expect([predicts, notes]).toEqual(['v', []]);
  const times = right(sampling.grid(noising));
  expect(times).toEqual(right(trailing(4)(noising)));
  const levels = levelsOf(noising, times);
  const plan = right(sampling.solver.plan(levels, noising));
  expect(plan).toEqual(right(ddim({ eta: 0.5, keepEpsilon: true }).plan(levels, noising)));
});

test('unknown fields are noted', () => {
  const { notes } = right(diffusersScheduler({ _class_name: 'DEISMultistepScheduler', later: 1 }));
  expect(notes).toEqual([
    'diffusersScheduler: later: noisefold does not know this field of DEISMultistepScheduler; it is ignored',
  ]);
});

test.each<readonly [config: unknown, options: object, where: string]>([
  [null, {}, 'diffusersScheduler: config'],
  [{}, {}, 'diffusersScheduler: _class_name'],
  [{ _class_name: 'DDIMScheduler', beta_start: '0' }, {}, 'diffusersScheduler: beta_start'],
  [{ _class_name: 'DDIMScheduler' }, { steps: 0 }, 'diffusersScheduler.steps'],
  [{ _class_name: 'DDIMScheduler' }, { steps: 2000 }, 'diffusersScheduler: steps'],
  [{ _class_name: 'DDPMScheduler' }, { eta: 0.5 }, 'diffusersScheduler: eta'],
])('a wrong config or option is an error that names it: %j %j', (config, options, where) => {
  expect(diffusersScheduler(config, options)).toMatchObject({ left: { where } });
});
