import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { goldenDiffusers } from '../../../properties/golden/diffusers.js';
import { levelsOf } from '../../diffusion/index.js';
import { requireDiscrete } from '../../diffusion/paths/noising.js';
import { E } from '../../internal/fp.js';
import type { UNetArchitecture } from '../../nn/index.js';
import { right } from '../../training/testing.js';
import { readJson } from '../diffusers/folder.js';
import { parsePythonJson } from '../pythonJson.js';
import { read, scheduleOf, timesteps } from './schedulersTesting.js';
import { readScheduler } from './readScheduler.js';
import { SCHEDULERS } from './schedulers.js';
import { schedulerConfig } from './writeScheduler.js';

describe('a file that Python wrote', () => {
  test('may hold Infinity and NaN, which JSON does not have', () => {
    const text = '{"lambda_min_clipped": -Infinity, "a": [NaN, Infinity], "b": "-Infinity, \\"NaN\\""}';
    expect(parsePythonJson('f', text)).toEqual(
      E.right({ lambda_min_clipped: '-Infinity', a: ['NaN', 'Infinity'], b: '-Infinity, "NaN"' }),
    );
    const config = { _class_name: 'DPMSolverMultistepScheduler', lambda_min_clipped: '-Infinity' };
    expect(E.isRight(readScheduler('s', config))).toBe(true);
  });

  test('with a string that no quote closes is refused at once, of any length', () => {
    // a search that begins anew at each quote would exceed the time limit of all tests
    for (const text of [
      '\\"'.repeat(2 ** 20),
      `{"a": "${'\\"'.repeat(2 ** 20)}`,
      `{"a": "b\\`,
      '"'.repeat(2 ** 20 + 1),
    ])
      expect(parsePythonJson('f', text)).toMatchObject({ left: { _tag: 'DecodeError', where: 'f' } });
  });

  test('of more than 4 MiB is refused before it is read', async () => {
    const folder = mkdtempSync(`${tmpdir()}/noisefold-json-`);
    const path = `${folder}/config.json`;
    writeFileSync(path, '{}');
    truncateSync(path, 2 ** 33);
    const read = await readJson(path)();
    rmSync(folder, { recursive: true });
    expect(read).toMatchObject({ left: { _tag: 'DecodeError', where: path, actual: '8589934592 bytes' } });
  });

  test('that does not hold an object is refused, naming the file', () => {
    for (const text of ['[1]', '7', '{', '"a"'])
      expect(parsePythonJson('f', text)).toMatchObject({ left: { _tag: 'DecodeError', where: 'f' } });
  });
});

describe('schedulers', () => {
  // from diffusers: `set_timesteps` of each class
  test.each<[string, object, readonly number[]]>([
    ['DDPMScheduler', {}, [750, 500, 250, 0]],
    ['DDIMScheduler', { steps_offset: 1 }, [751, 501, 251, 1]],
    ['DDIMScheduler', { timestep_spacing: 'trailing' }, [999, 749, 499, 249]],
    ['DDIMScheduler', { timestep_spacing: 'linspace' }, [999, 666, 333, 0]],
    ['EulerDiscreteScheduler', {}, [999, 666, 333, 0]],
    ['EulerAncestralDiscreteScheduler', { timestep_spacing: 'leading' }, [750, 500, 250, 0]],
    ['DPMSolverMultistepScheduler', {}, [999, 749, 500, 250]],
    ['DPMSolverMultistepScheduler', { timestep_spacing: 'leading' }, [800, 600, 400, 200]],
    ['UniPCMultistepScheduler', { timestep_spacing: 'trailing' }, [999, 749, 499, 249]],
    ['DPMSolverSinglestepScheduler', {}, [999, 749, 500, 250]],
    ['DEISMultistepScheduler', {}, [999, 749, 500, 250]],
    ['SASolverScheduler', { timestep_spacing: 'leading', steps_offset: 1 }, [801, 601, 401, 201]],
    ['KDPM2DiscreteScheduler', { timestep_spacing: 'trailing' }, [999, 749, 499, 249]],
    ['KDPM2AncestralDiscreteScheduler', {}, [999, 666, 333, 0]],
    ['DPMSolverSDEScheduler', {}, [999, 666, 333, 0]],
    ['LCMScheduler', {}, [999, 759, 499, 259]],
    ['TCDScheduler', { original_inference_steps: 4 }, [999, 749, 499, 249]],
  ])('%s %j visits the timesteps of diffusers', (_class_name, fields, expected) => {
    expect(timesteps({ _class_name, ...fields }, 4)).toEqual(expected);
  });

  test('with a field name of Object.prototype are read, with a note', () => {
    const { notes } = read({ _class_name: 'DDIMScheduler', toString: 1, constructor: 2 });
    expect(notes.filter((note) => /toString|constructor/.test(note))).toHaveLength(2);
  });

  const known = (name: string): boolean => SCHEDULERS.get(name)?.fields.beta_schedule !== undefined; // over timesteps

  test.each(
    goldenDiffusers.grids.filter(
      ({ class: name, steps, timesteps: listed }) => known(name) && steps > 1 && listed !== undefined,
    ),
  )(
    '$class, $timestep_spacing, $steps steps: the grid of diffusers',
    ({ class: _class_name, steps, timesteps: expected, ...fields }) => {
      expect(timesteps({ _class_name, ...fields }, steps)).toEqual(expected);
    },
  );

  // a learned variance as log σ² is refused
  const cases = goldenDiffusers.cases.filter(({ class: name, name: of }) => known(name) && !of.endsWith('learned'));
  test.each(cases)(
    '$name: its timesteps, to the nearest whole ones',
    ({ class: _class_name, settings, timesteps: theirs }) => {
      const ours = timesteps({ _class_name, ...settings }, theirs!.length);
      expect(ours).toHaveLength(theirs!.length);
      for (const [i, t] of ours.entries()) expect(Math.abs(t - theirs![i]!)).toBeLessThanOrEqual(1);
    },
  );

  test('take an η if their steps have one, and are refused with it if they have none', () => {
    const noise = (_class_name: string, eta?: number) => {
      const { noising, sampling } = right(readScheduler('s', { _class_name }, 4, eta));
      const plan = right(sampling.solver.plan(levelsOf(noising, right(sampling.grid(noising))), noising));
      return plan[0]!.stages[0]!.noise ?? 0;
    };
    expect([noise('DDIMScheduler'), noise('DDIMScheduler', 0)]).toEqual([0, 0]);
    expect(noise('DDIMScheduler', 0.5) / noise('DDIMScheduler', 1)).toBeCloseTo(1 / 2, 12);
    expect(noise('TCDScheduler', 0.3)).toBe(noise('TCDScheduler'));
    expect(noise('TCDScheduler', 0)).toBe(0);
    for (const _class_name of ['DDPMScheduler', 'EDMEulerScheduler'])
      expect(readScheduler('s', { _class_name }, 4, 0.5)).toMatchObject({
        left: { _tag: 'ConfigError', where: 'loadDiffusers: eta', expected: `none for ${_class_name}`, actual: '0.5' },
      });
  });

  test('take as many steps as their pipelines', () => {
    const stepsOf = (config: object) => {
      const { noising, sampling } = read(config);
      return right(sampling.grid(noising)).length;
    };
    expect(stepsOf({ _class_name: 'DDPMScheduler' })).toBe(1000);
    expect(stepsOf({ _class_name: 'DDIMScheduler' })).toBe(50);
    expect(stepsOf({ _class_name: 'DDIMScheduler', num_train_timesteps: 30 })).toBe(30);
    expect(stepsOf({ _class_name: 'UniPCMultistepScheduler', num_train_timesteps: 30 })).toBe(29);
    expect(stepsOf({ _class_name: 'LCMScheduler' })).toBe(4);
  });

  test('without fields have the defaults of their class', () => {
    expect(scheduleOf({ _class_name: 'HeunDiscreteScheduler' }).betas[999]).toBeCloseTo(0.012, 12);
    expect(scheduleOf({ _class_name: 'DDPMScheduler' }).betas[999]).toBeCloseTo(0.02, 12);
    expect(read({ _class_name: 'DDPMScheduler' }).sampling.correction).not.toBe(
      read({ _class_name: 'DDPMScheduler', clip_sample: false }).sampling.correction,
    );
  });

  const flow = { use_flow_sigmas: true, prediction_type: 'flow_prediction' };

  // loadedSchedulers.test.ts compares their samples with those of diffusers
  test('with differences have notes of their sizes', () => {
    expect(read({ _class_name: 'PNDMScheduler', skip_prk_steps: true, new_field: 1 }).notes).toEqual([
      's: new_field: noisefold does not know this field of PNDMScheduler; it is ignored',
    ]);
    expect(read({ _class_name: 'EulerDiscreteScheduler' }, 20).notes).toEqual([]);
    expect(read({ _class_name: 'DDIMScheduler', timestep_spacing: 'trailing' }, 61).notes).toEqual([
      's: timestep_spacing: a rounding error gives diffusers a step more than 61, at t = -1; noisefold takes 61 (up to 300 % of the greatest number, for a smooth model)',
    ]);
    expect(read({ _class_name: 'DPMSolverSDEScheduler' }).notes).toEqual([
      's: noise_sampler_seed: it is not used. diffusers draws the noises of both evaluations of a step from one Brownian path, with a correlation of 1/√(1 + √(σ_s/σ_t)), 0.71 to 1; noisefold draws independent ones, and with brownian: true those of a path whose time is the angle of α and σ',
    ]);
    expect(read({ _class_name: 'TCDScheduler', timestep_spacing: 'trailing' }, 7).notes).toEqual([]);
    // 5·σ/(1 + 4·σ) of linspace(1, 0.001, 5) and of linspace(0.999, 0, 5)
    expect(read({ _class_name: 'UniPCMultistepScheduler', ...flow, flow_shift: 5 }, 4).notes).toEqual([
      expect.stringMatching(/^s: use_flow_sigmas: .* begin at t = 0\.9998, .* \(t differs by up to 0\.0012\)$/),
    ]);
    expect(read({ _class_name: 'UniPCMultistepScheduler', ...flow, use_karras_sigmas: true }, 4).notes).toEqual([
      's: use_karras_sigmas: versions of diffusers that do not convert the noise levels of a flow take them for times; noisefold takes σ/(σ + 1), as later ones',
    ]);
    // (3² - 3²·(20291² - 3²)/20291²), which is 0 up to rounding
    const falling = { _class_name: 'KDPM2AncestralDiscreteScheduler', beta_schedule: 'squaredcos_cap_v2' };
    expect(read(falling, 5).notes).toEqual([
      's: beta_schedule: diffusers computes σ_down in 32 bits, as the root of a difference that may be below 0 where σ falls far in a step, and then gives NaN; noisefold takes σ_s²/σ_t',
    ]);
    expect(read(falling, 20).notes).toEqual([]);
    expect(read({ ...falling, use_beta_sigmas: true }, 20).notes).toHaveLength(1);
    expect(read({ ...falling, beta_schedule: 'linear' }, 5).notes).toEqual([]);
    const endsAtLeast = { use_karras_sigmas: true, final_sigmas_type: 'sigma_min' };
    const undefinedAtEnd = [
      's: final_sigmas_type: the last step has no length, and gives NaN in diffusers; noisefold takes none',
    ];
    for (const [_class_name, fields, steps] of [
      ['DPMSolverMultistepScheduler', { solver_order: 3 }, 15],
      ['DPMSolverMultistepScheduler', { solver_type: 'heun', lower_order_final: false }, 8],
      ['UniPCMultistepScheduler', { lower_order_final: false, solver_order: 3 }, 8],
    ] as const)
      expect(read({ _class_name, ...endsAtLeast, ...fields }, steps).notes).toEqual(undefinedAtEnd);
    expect(read({ _class_name: 'DPMSolverMultistepScheduler', ...endsAtLeast, solver_order: 3 }, 14).notes).toEqual([]);
    const uniPC = { _class_name: 'UniPCMultistepScheduler', lower_order_final: false };
    expect(read({ ...uniPC, ...endsAtLeast }, 8).notes).toEqual([]);
    const ending = { final_sigmas_type: 'sigma_min', solver_order: 3 };
    expect(read({ ...uniPC, ...flow, ...ending }, 8).notes.slice(1)).toEqual(undefinedAtEnd);
    expect(read({ ...uniPC, ...flow, ...ending }, 2).notes).toHaveLength(1);
    // -∞·0 in B(h)·Σ, and 1/r of the earlier predictions, where r is 0
    const infinite =
      'the last step has an infinite length, and gives NaN, ∞ or an error in diffusers; noisefold ends at x̂₀';
    expect(read(uniPC, 8).notes).toEqual([`s: lower_order_final: ${infinite}`]);
    expect(read(uniPC, 1).notes).toEqual([]);
    expect(read({ ...uniPC, solver_order: 1 }, 8).notes).toEqual([]);
    const bh1 = { _class_name: 'UniPCMultistepScheduler', solver_type: 'bh1' };
    expect(read(bh1, 1).notes).toEqual([`s: solver_type: ${infinite}`]);
    expect(read({ ...bh1, final_sigmas_type: 'sigma_min' }, 8).notes).toEqual([]);
    expect(read({ _class_name: 'DDPMScheduler', variance_type: 'fixed_large_log' }).notes).toEqual([
      's: variance_type: diffusers takes the root of log β, so its samples are NaN; noisefold takes that of β',
    ]);
  });

  // numpy: (np.flip(1 - np.linspace(1, 1 / 1000, n + 1))[:-1] * 1000).astype(np.int64), whose roundings reach whole numbers
  test('of a flow give the network the whole timesteps of diffusers', () => {
    const seen = (_class_name: string, steps: number, fields: object = {}) => {
      const { noising, sampling } = read({ _class_name, ...flow, ...fields }, steps);
      const plan = right(sampling.solver.plan(levelsOf(noising, right(sampling.grid(noising))), noising));
      return plan.flatMap(({ stages }) => stages.map(({ at }) => at.networkTime));
    };
    expect(seen('DPMSolverMultistepScheduler', 9)).toEqual([999, 888, 777, 666, 555, 443, 332, 221, 110]);
    expect(seen('DEISMultistepScheduler', 9, { flow_shift: 3 })).toEqual([999, 959, 912, 856, 789, 705, 599, 461, 272]);
    expect(seen('UniPCMultistepScheduler', 9)).toEqual([999, 889, 778, 667, 556, 444, 333, 222, 111]);
    // 1 - z/(z[-1]/(1 - 0.1)) of z = 1 - σ, which ends at 0.10000000000000009
    const ended = { flow_shift: 5, shift_terminal: 0.1 };
    expect(seen('UniPCMultistepScheduler', 9, ended)).toEqual([999, 964, 920, 866, 797, 707, 581, 397, 100]);
  });

  test('on another grid than their own take the steps of noisefold', () => {
    const { noising, sampling } = read({ _class_name: 'DDIMScheduler', timestep_spacing: 'linspace' }, 8);
    const endsOn = (timesteps: readonly number[]) =>
      right(sampling.solver.plan(levelsOf(noising, timesteps), noising)).map(({ to }) => to.t);
    expect(endsOn([999, 856, 714])).toEqual([856, 714, -1]);
    expect(endsOn([285, 143, 0])).toEqual([160, 18, -1]); // the last three of its own
  });

  test('with final_sigmas_type sigma_min end at the least σ, and on another grid at the data', () => {
    const endsOf = (config: object, grid?: readonly number[]) => {
      const { noising, sampling } = read(config, 4);
      const levels = levelsOf(noising, grid ?? right(sampling.grid(noising)));
      return right(sampling.solver.plan(levels, noising)).at(-1)!.to;
    };
    const last = { final_sigmas_type: 'sigma_min' };
    const first = scheduleOf({ _class_name: 'DDIMScheduler' }).sigmas[0]!;
    const isLeast = { alpha: 1 / Math.hypot(1, first), sigma: first / Math.hypot(1, first) };
    for (const _class_name of [
      'DPMSolverMultistepScheduler',
      'DPMSolverSinglestepScheduler',
      'UniPCMultistepScheduler',
    ]) {
      const { alpha, sigma } = endsOf({ _class_name, ...last });
      expect([alpha, sigma]).toEqual([expect.closeTo(isLeast.alpha, 12), expect.closeTo(isLeast.sigma, 12)]);
      expect(endsOf({ _class_name }).sigma).toBe(0);
      expect(endsOf({ _class_name, ...last }, [999, 500]).sigma).toBe(0);
    }
    expect(endsOf({ _class_name: 'EulerDiscreteScheduler', ...last })).toMatchObject({ alpha: 1, sigma: first });
  });

  test('with use_lu_lambdas and other noise levels take those that diffusers takes', () => {
    const visited = (fields: object) => {
      const { noising, sampling } = read({ _class_name: 'DPMSolverMultistepScheduler', ...fields }, 6);
      const plan = right(sampling.solver.plan(levelsOf(noising, right(sampling.grid(noising))), noising));
      return plan.map(({ from }) => [from.sigma, from.networkTime]);
    };
    const lu = { use_lu_lambdas: true };
    expect(visited({ ...lu, use_karras_sigmas: true })).toEqual(visited({ use_karras_sigmas: true }));
    expect(visited({ ...lu, use_exponential_sigmas: true })).toEqual(visited(lu));
    expect(visited({ ...lu, use_beta_sigmas: true })).toEqual(visited(lu));
    // σ of timestep 998 is four times that of the last one, which is found in it at 995
    expect(visited({ ...lu, rescale_betas_zero_snr: true })[0]![1]).toBe(999);
  });

  test('whose offset fits fewer steps than their default can be written', () => {
    const config = {
      _class_name: 'DDPMScheduler',
      steps_offset: 1,
      beta_schedule: 'linear',
      prediction_type: 'epsilon',
    };
    const refused = readScheduler('s', config);
    // the message does not list a thousand timesteps
    expect(refused).toMatchObject({ left: { actual: expect.stringMatching(/^\[1000, .*, and 990 more\]$/) } });
    const noising = requireDiscrete('test', read(config, 20).noising);
    const architecture = { predicts: 'epsilon', timesteps: 1000 } as UNetArchitecture;
    expect(schedulerConfig(noising, { architecture }, config)).toEqual(E.right(config));
  });
});
