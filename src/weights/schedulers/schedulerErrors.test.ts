import { describe, expect, test } from 'vitest';
import { requireDiscrete } from '../../diffusion/paths/noising.js';
import { right } from '../../training/testing.js';
import { readScheduler } from './readScheduler.js';

describe('schedulers', () => {
  test('with a value that noisefold lacks are refused, naming the field', () => {
    const config = { _class_name: 'DPMSolverMultistepScheduler', lambda_min_clipped: '-Infinity' };
    for (const [field, value] of Object.entries({
      algorithm_type: 'ddim',
      final_sigmas_type: 'sigma_max',
      use_dynamic_shifting: true,
      lambda_min_clipped: 'none',
      solver_order: 4,
    }))
      expect(readScheduler('s', { ...config, [field]: value })).toMatchObject({ left: { where: `s: ${field}` } });
  });

  test('with fewer trained betas than timesteps are refused', () => {
    const config = { _class_name: 'DDIMScheduler', trained_betas: [0.1, 0.2] };
    const error = { _tag: 'ConfigError', where: 's: trained_betas', actual: '2' };
    expect(readScheduler('s', { ...config, num_train_timesteps: 1000 })).toMatchObject({ left: error });
    expect(readScheduler('s', config)).toMatchObject({ left: error });
    expect(
      requireDiscrete('test', right(readScheduler('s', { ...config, num_train_timesteps: 2 })).noising).schedule.betas,
    ).toEqual(Float64Array.of(0.1, 0.2));
  });

  const flow = { use_flow_sigmas: true, prediction_type: 'flow_prediction' };

  // each is refused when it is read, and not by the sampler
  test.each<[string, object, string, string, string, number?]>([
    ['DPMSolverMultistepScheduler', { algorithm_type: 'sde-dpmsolver++', solver_order: 3 }, 'solver_order', '1 or 2 with algorithm_type "sde-dpmsolver++"', '3'],
    ['DPMSolverMultistepScheduler', { algorithm_type: 'dpmsolver' }, 'algorithm_type', '"dpmsolver++" or "sde-dpmsolver++" with final_sigmas_type "zero"', '"dpmsolver"'],
    ['UniPCMultistepScheduler', { use_beta_sigmas: true, use_exponential_sigmas: true }, 'use_beta_sigmas', 'false with use_exponential_sigmas', 'true'],
    ['UniPCMultistepScheduler', { use_flow_sigmas: true }, 'prediction_type', '"flow_prediction" with use_flow_sigmas', '"epsilon"'],
    ['DDIMScheduler', { prediction_type: 'flow_prediction' }, 'prediction_type', 'without use_flow_sigmas', '"flow_prediction"'],
    ['DEISMultistepScheduler', { ...flow, use_karras_sigmas: true }, 'use_karras_sigmas', 'false with use_flow_sigmas', 'true'],
    ['UniPCMultistepScheduler', { ...flow, use_beta_sigmas: true }, 'use_beta_sigmas', 'false with use_flow_sigmas', 'true'],
    ['DEISMultistepScheduler', { ...flow, num_train_timesteps: 500 }, 'num_train_timesteps', '1000 with use_flow_sigmas', '500'],
    ['UniPCMultistepScheduler', { shift_terminal: 0.1 }, 'shift_terminal', '0 without use_flow_sigmas', '0.1'],
    ['UniPCMultistepScheduler', { ...flow, shift_terminal: 0.1 }, 'shift_terminal', 'none for one step', '0.1', 1],
    ['UniPCMultistepScheduler', { ...flow, predict_x0: false, final_sigmas_type: 'sigma_min' }, 'use_flow_sigmas', 'false for a solver in ε', 'true'],
    ['SASolverScheduler', { lambda_min_clipped: -5, timestep_spacing: 'trailing' }, 'lambda_min_clipped', '-Infinity with timestep_spacing "trailing"', '-5'],
    ['EulerDiscreteScheduler', { beta_schedule: 'exp' }, 'beta_schedule', '"linear", "scaled_linear"', '"exp"'],
    ['DPMSolverSinglestepScheduler', { algorithm_type: 'sde-dpmsolver++', solver_order: 3, solver_type: 'heun' }, 'solver_order', '1 or 2 with algorithm_type "sde-dpmsolver++"', '3'],
    ['UniPCMultistepScheduler', { predict_x0: false }, 'predict_x0', 'true with final_sigmas_type "zero"', 'false'],
    ['UniPCMultistepScheduler', { predict_x0: false, final_sigmas_type: 'sigma_min', thresholding: true }, 'thresholding', 'false for a solver in ε', 'true'],
    ['SASolverScheduler', { algorithm_type: 'noise_prediction', thresholding: true }, 'thresholding', 'false for a solver in ε', 'true'],
    ['SASolverScheduler', { corrector_order: 1 }, 'corrector_order', 'an order from 2 to 4', '1'],
    ['KDPM2DiscreteScheduler', { prediction_type: 'sample' }, 'prediction_type', '"epsilon" or "v_prediction"', '"sample"'],
    ['LCMScheduler', { original_inference_steps: 3 }, 'original_inference_steps: lcmGrid', 'whole numbers steps ≤ original', 'steps = 4, original = 3'],
    ['EulerDiscreteScheduler', { use_karras_sigmas: true, use_exponential_sigmas: true }, 'use_exponential_sigmas', 'false with use_karras_sigmas', 'true'],
    ['DDIMScheduler', { beta_schedule: 'sigmoid' }, 'beta_schedule', '"linear", "scaled_linear" or "squaredcos_cap_v2"', '"sigmoid"'],
    ['PNDMScheduler', { prediction_type: 'sample' }, 'prediction_type', '"epsilon" or "v_prediction"', '"sample"'],
    ['EulerAncestralDiscreteScheduler', { prediction_type: 'sample' }, 'prediction_type', '"epsilon" or "v_prediction"', '"sample"'],
    ['PNDMScheduler', {}, 'skip_prk_steps', 'true for 3 steps', 'false', 3],
    ['DDIMScheduler', { thresholding: true, sample_max_value: 0 }, 'sample_max_value', 'a finite number above 0', '0'],
    ['DDIMScheduler', { steps_offset: 30 }, 'steps_offset: atTimes', 'falling times between 999 and 0', '[1010, '],
    ['EulerDiscreteScheduler', { use_karras_sigmas: true, sigma_max: 500 }, 'sigma_max: atSigmas', 'falling noise levels within those of the process', '[500, '],
    ['EulerDiscreteScheduler', { use_karras_sigmas: true, sigma_min: 200 }, 'sigma_min: atSigmas', 'falling noise levels', ', 200]', 2],
    ['LMSDiscreteScheduler', { use_karras_sigmas: true, num_train_timesteps: 2, trained_betas: [0.5, 1] }, 'trained_betas', 'leave signal at the last timestep, with use_karras_sigmas', 'σ is infinite', 2],
    ['EulerDiscreteScheduler', { use_karras_sigmas: true, timestep_spacing: 'leading', steps_offset: 30 }, 'steps_offset: atTimes', 'falling times between 999 and 0', '[1010, '],
    ['DPMSolverSinglestepScheduler', { lambda_min_clipped: -3 }, 'lambda_min_clipped: linspace', 'a whole number of steps from 1 to 768', '900', 900],
    ['UniPCMultistepScheduler', { ...flow, flow_shift: 1e5 }, 'flow_shift: atTimes', 'falling times', '0.99', 50],
    ['UniPCMultistepScheduler', { ...flow, use_karras_sigmas: true, sigma_min: 5, sigma_max: 1 }, 'sigma_min: atTimes', 'falling times', '0.5', 4],
    ['UniPCMultistepScheduler', { num_train_timesteps: 1 }, 'num_train_timesteps: linspace', 'steps', '1', 1],
  ])('%s with %j is refused, naming %s', (_class_name, fields, field, expected, actual, steps) => {
    expect(readScheduler('s', { _class_name, ...fields }, steps)).toMatchObject({
      left: {
        _tag: 'ConfigError',
        where: `s: ${field}`,
        expected: expect.stringContaining(expected),
        actual: expect.stringContaining(actual),
      },
    });
  }); // oxfmt-ignore

  test.each<[string, object, number, number]>([
    ['DDIMScheduler', {}, 1001, 1000],
    ['DDIMScheduler', { timestep_spacing: 'leading', num_train_timesteps: 10 }, 11, 10],
    ['EulerDiscreteScheduler', { use_karras_sigmas: true }, 1001, 1000],
    ['UniPCMultistepScheduler', {}, 1000, 999],
    ['UniPCMultistepScheduler', { timestep_spacing: 'trailing' }, 1001, 1000],
  ])('%s with %j is refused with %i steps, naming their number', (_class_name, fields, steps, most) => {
    expect(readScheduler('s', { _class_name, ...fields }, steps)).toMatchObject({
      left: {
        _tag: 'ConfigError',
        where: 'loadDiffusers: steps',
        expected: expect.stringContaining(`at most ${most}, for ${_class_name} with`),
        actual: `${steps}`,
      },
    });
    const { noising, sampling } = right(readScheduler('s', { _class_name, ...fields }, most));
    expect(right(sampling.grid(noising))).toHaveLength(most);
  });
});
