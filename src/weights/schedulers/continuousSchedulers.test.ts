import { describe, expect, test } from 'vitest';
import { euler, flowHeun, fluxShift, levelsOf } from '../../diffusion/index.js';
import { right } from '../../training/testing.js';
import { readScheduler } from './readScheduler.js';

// loadedSchedulers.test.ts compares their samples with those of diffusers
const FLOW = 'FlowMatchEulerDiscreteScheduler';
const EDM = 'EDMEulerScheduler';
const read = (_class_name: string, fields: object, steps?: number) =>
  right(readScheduler('s', { _class_name, ...fields }, steps));
const times = (_class_name: string, fields: object, steps: number): readonly number[] => {
  const { noising, sampling } = read(_class_name, fields, steps);
  return right(sampling.grid(noising));
};
const near = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((time, i) => expect(time).toBeCloseTo(expected[i]!, 8));
};

describe('flow matching', () => {
  // `set_timesteps` of diffusers 0.35 in NumPy, σ
  test.each<readonly [object, readonly number[]]>([
    [{}, [1, 0.667, 0.334, 0.001]],
    // 3·σ/(1 + 2·σ), of σ from 1 to the shifted 0.001
    [{ shift: 3 }, [1, 0.8576923077, 0.6021505376, 0.0089285714]],
    [{ shift: 3, use_karras_sigmas: true }, [1, 0.2866939345, 0.0625886291, 0.008928571429]],
    [{ use_exponential_sigmas: true }, [1, 0.1, 0.01, 0.001]],
    [{ shift_terminal: 0.1 }, [1, 0.7, 0.4, 0.1]],
    // scipy.stats.beta.ppf([2/3, 1/3], 0.6, 0.6)
    [{ use_beta_sigmas: true }, [1, 0.001 + 0.999 * 0.7245867092, 0.001 + 0.999 * 0.2754132908, 0.001]],
  ])('with %j visits the times of diffusers', (fields, expected) => near(times(FLOW, fields, 4), expected));

  test('is a rectified flow of velocity by Euler, whose network gets 1000·t', () => {
    const { noising, predicts, preconditioning, sampling, notes } = read(FLOW, {});
    expect([noising, predicts, preconditioning, notes]).toMatchObject([{ name: 'rectifiedFlow' }, 'velocity', undefined, []]); // oxfmt-ignore
    expect(right(sampling.grid(noising))).toHaveLength(50);
    const levels = levelsOf(noising, [1, 0.5]);
    expect(right(sampling.solver.plan(levels, noising))).toEqual(right(euler().plan(levels, noising)));
  });

  test('with a shift of times before Karras spacing has a note of the difference from older versions', () => {
    expect(read(FLOW, { use_karras_sigmas: true }, 4).notes).toEqual([]);
    // older: Karras from 1 to 3·0.001/1.002 = 0.002994…, then shifted
    const [note] = read(FLOW, { shift: 3, use_karras_sigmas: true }, 4).notes;
    expect(note).toContain('s: use_karras_sigmas: versions of diffusers without time_shift_type shift times after it');
    expect(note).toContain('(t differs by up to 0.19)');
  });

  test.each<readonly [object, number, string, string]>([
    [{ num_train_timesteps: 500 }, 4, 'num_train_timesteps', '1000, the only value'],
    [{ use_dynamic_shifting: true }, 4, 'use_dynamic_shifting', 'false: no pipeline of a UNet2DModel gives diffusers a mu'],
    [{ invert_sigmas: true }, 4, 'invert_sigmas', 'false, the only value'],
    [{ use_beta_sigmas: true, use_karras_sigmas: true }, 4, 'use_beta_sigmas', 'false with use_karras_sigmas'],
    [{ shift: 0 }, 4, 'shift', 'a finite number above 0'],
    [{ shift_terminal: 1 }, 4, 'shift_terminal', 'up to 1'],
    [{ shift_terminal: 0.1 }, 1, 'shift_terminal', 'none for one step'],
    [{ use_karras_sigmas: true, use_exponential_sigmas: true }, 4, 'use_exponential_sigmas', 'false with use_karras'],
    [{ time_shift_type: 'square' }, 4, 'time_shift_type', "'exponential' or 'linear'"],
  ])('with %j in %d steps is refused, naming %s', (fields, steps, field, expected) => {
    expect(readScheduler('s', { _class_name: FLOW, ...fields }, steps)).toMatchObject({
      left: { _tag: 'ConfigError', where: `s: ${field}`, expected: expect.stringContaining(expected) },
    });
  }); // oxfmt-ignore

  test('with use_dynamic_shifting: the hint leads to the σ of diffusers, and a shift of e^μ would not', () => {
    const [s, fields] = [fluxShift(4096), { use_dynamic_shifting: true, shift: 3 }];
    expect(readScheduler('s', { _class_name: FLOW, ...fields }, 6)).toMatchObject({
      left: { hint: expect.stringMatching(/^write false and shift: 1, and shift the times of the grid once by e\^μ/) },
    });
    const hinted = times(FLOW, { use_dynamic_shifting: false, shift: 1 }, 6);
    // set_timesteps(6, mu=1.15): e^μ/(e^μ + 1/σ - 1) of σ from 1 to 1/1000
    const expected = [1, 0.9267322962, 0.825941436, 0.678532138, 0.442430976, 0.0031513916];
    near(hinted.map((t) => (s * t) / (1 + (s - 1) * t)), expected); // oxfmt-ignore
    expect(times(FLOW, { shift: s }, 6).at(-1)).toBeCloseTo(0.00989, 5); // 1/1000 is shifted twice
  });

  test('accepts the fields of dynamic shifting, which it does not use, and notes unknown ones', () => {
    const unused = { base_shift: 0.5, max_shift: 1.15, base_image_seq_len: 256, max_image_seq_len: 4096, time_shift_type: 'linear' }; // oxfmt-ignore
    expect(read(FLOW, { ...unused, use_dynamic_shifting: false, shift_terminal: null }, 4).notes).toEqual([]);
    expect(read(FLOW, { order: 2 }, 4).notes).toEqual([
      `s: order: noisefold does not know this field of ${FLOW}; it is ignored`,
    ]);
  });
});

test('flow matching by LCM has the times of Euler, and needs no earlier version', () => {
  const by = 'FlowMatchLCMScheduler';
  const fields = { shift: 3, use_karras_sigmas: true };
  near(times(by, fields, 4), times(FLOW, fields, 4));
  expect(read(by, { ...fields, scale_factors: null, upscale_mode: 'bicubic' }, 4).notes).toEqual([]);
  expect(readScheduler('s', { _class_name: by, scale_factors: [0.5] })).toMatchObject({
    left: { _tag: 'ConfigError', where: 's: scale_factors' },
  });
});

test('flow matching by Heun has the times of Euler, which it shifts too', () => {
  const by = 'FlowMatchHeunDiscreteScheduler';
  near(times(by, { shift: 3 }, 4), times(FLOW, { shift: 3 }, 4));
  const { noising, predicts, sampling } = read(by, {}, 4);
  expect([noising, predicts]).toMatchObject([{ name: 'rectifiedFlow' }, 'velocity']);
  const levels = levelsOf(noising, [1, 0.5]);
  expect(right(sampling.solver.plan(levels, noising))).toEqual(right(flowHeun().plan(levels, noising)));
});

test('IPNDM is a network of v and of times in [0, 1] on the trigonometric path', () => {
  const { noising, predicts, notes } = read('IPNDMScheduler', { num_train_timesteps: 7 }, 4);
  expect([noising, predicts, notes]).toMatchObject([{ name: 'trigonometric', options: { timeScale: 1 } }, 'v', []]);
  // 2/π·asin(sin²(πs/2)) of s = 1, 3/4, 1/2 and 1/4, with 20 digits
  near(times('IPNDMScheduler', {}, 4), [1, 0.65111427989, 0.33333333333, 0.09356731242]);
  expect(readScheduler('s', { _class_name: 'IPNDMScheduler', trained_betas: [0.1] })).toMatchObject({
    left: { _tag: 'ConfigError', where: 's: trained_betas' },
  });
});

describe('EDM', () => {
  test('has its σ, its preconditioning, and noise of √(σ² + 1) at the start', () => {
    const { noising, preconditioning, sampling, notes } = read(EDM, { sigma_data: 1 }, 4);
    expect([noising, preconditioning, notes]).toMatchObject([{ name: 'edm' }, { as: 'edm', sigmaData: 1 }, []]); // oxfmt-ignore
    near(right(sampling.grid(noising)), [80, 9.723201355, 0.469979058, 0.002]);
    expect(sampling.solver.start?.({ alpha: 1, sigma: 80, t: 80 })).toBe(Math.hypot(80, 1));
  });

  test('has exponential σ, and Karras ones of another range and ρ', () => {
    near(times(EDM, { sigma_schedule: 'exponential', sigma_min: 0.01, sigma_max: 100 }, 5), [100, 10, 1, 0.1, 0.01]);
    near(times(EDM, { rho: 1, sigma_min: 1, sigma_max: 9, num_train_timesteps: 7 }, 3), [9, 5, 1]);
  });

  test('by DPM-Solver has the same levels, an end at sigma_min, and no step of order 3 with noise', () => {
    const by = 'EDMDPMSolverMultistepScheduler';
    near(times(by, {}, 4), times(EDM, {}, 4));
    for (const name of [EDM, by]) {
      const { noising, sampling } = read(name, { final_sigmas_type: 'sigma_min' }, 4);
      const plan = right(sampling.solver.plan(levelsOf(noising, right(sampling.grid(noising))), noising));
      const { to, stages } = plan.at(-1)!;
      expect([to.sigma, stages[0]!.x, stages[0]!.x0 ?? 0]).toEqual([0.002, 1, 0]); // nothing is left to do
    }
    const ending = { final_sigmas_type: 'sigma_min', solver_type: 'heun' };
    expect(read(by, ending, 14).notes).toEqual([]);
    expect(read(by, ending, 15).notes).toEqual([
      's: final_sigmas_type: the last step has no length, and gives NaN in diffusers; noisefold takes none',
    ]);
    const config = { _class_name: by, algorithm_type: 'sde-dpmsolver++', solver_order: 3 };
    expect(readScheduler('s', config, 4)).toMatchObject({ left: { _tag: 'ConfigError', where: 's: solver_order' } });
  });

  test.each<readonly [object, number, string]>([
    [{ prediction_type: 'v_prediction' }, 4, 'prediction_type'],
    [{ prediction_type: 'sample' }, 4, 'prediction_type'],
    [{ sigma_schedule: 'exponential' }, 1, 'sigma_schedule'],
    [{ final_sigmas_type: 'sigma_max' }, 4, 'final_sigmas_type'],
    [{ sigma_min: 0 }, 4, 'sigma_min'],
    [{ sigma_min: 90 }, 4, 'karrasSigmas.max'],
  ])('with %j in %d steps is refused, naming %s', (fields, steps, field) => {
    expect(readScheduler('s', { _class_name: EDM, ...fields }, steps)).toMatchObject({
      left: { _tag: 'ConfigError', where: `s: ${field}` },
    });
  });
});
