import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import {
  add,
  constantOf,
  type Dim,
  mul,
  scalar,
  scaleBy,
  sin,
  onesLike,
  tanh,
  type Tensor,
  zeros,
  zerosLike,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { reciprocalBetas } from '../schedules/betaSchedules.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { type Denoiser } from './denoiser.js';
import { overNoising } from './overNoising.js';
import { edm } from '../paths/continuousNoising.js';
import { heun } from '../solvers/edm.js';
import type { SampleState } from '../solvers/integrator.js';
import { simpleLosses } from '../losses/loss.js';
import { type NoiseModel, type NoiseNetwork, preconditioned } from './preconditioned.js';
import type { PreconditioningOptions } from './preconditioning.js';
import { type Sampler, sampler } from '../sampling/sampler.js';
import { karrasSigmas } from '../grids/sigmaGrid.js';
import { noisingOfSigmas } from '../grids/sigmaNoising.js';
import { edmWeight, weightsOf } from '../losses/weighting.js';
import { ddpm } from '../paths/discreteNoising.js';

/** F(x, c_noise) = 0.9·tanh(0.8·x + 0.3·sin(c_noise)) */
const apply = <B extends Dim>(_: null, x: Tensor<[B, 3]>, { t }: { readonly t: Tensor<[NoInfer<B>]> }): Tensor<[B, 3]> =>
  mul(tanh(add(mul(x, 0.8), scaleBy(onesLike(x), mul(sin(t), 0.3)))), 0.9); // oxfmt-ignore
const network: NoiseNetwork<null, [3]> = { apply };
const onHost = (x: number, noise: number): number => 0.9 * Math.tanh(0.8 * x + 0.3 * Math.sin(noise));

const sigmas = [0.002, 0.5, 3, 80];
const noising = right(noisingOfSigmas(sigmas));
const xs = [0.7, -1.3, 2.1];
const t = constantOf(Int32Array.of(0, 1, 2, 3), 4);
/** x_t = √ᾱ·x of the paper, for each σ. */
const xt = constantOf(noising.marginals.flatMap(({ alpha }) => xs.map((x) => alpha * x)), 4, 3); // oxfmt-ignore

/** D(x; σ) by the formulas of table 1 in NumPy, in float64, of xs for each σ, and c_noise. */
const table1 = {
  edm: [
    [-1.5536520246055479, 0.7012039506471001, -1.3017486081892204, 2.1017584893920436],
    [-0.17328679513998632, 0.5502376172935164, -0.9392846010122575, 1.362160588689653],
    [0.27465307216702745, 0.13407134669060833, -0.14825438996850804, 0.3056055421939979],
    [1.0955066586684703, 0.12022396813789464, 0.11174453649245991, 0.12610676339919302],
  ],
  vp: [
    [0.039802133414954484, 0.6990697961149135, -1.2986083673012834, 2.098318092395379],
    [144.66910562027934, 0.47562930453653496, -0.9812927701516995, 1.6888558430752296],
    [475.58180220465937, 0.9762297260825269, 0.16653918071885965, 1.4348921651462139],
    [932.5776320974633, -9.618362577041598, -10.204182867298151, -9.203542410798638],
  ],
  ve: [
    [-6.907755278982137, 0.700660013884349, -1.3015089387547092, 2.10163074897539],
    [-1.3862943611198906, 0.8165732881933938, -1.6916997318195757, 2.4969388440951974],
    [0.4054651081081644, 2.2941749379110474, -3.2620486029899842, 4.655909633601013],
    [3.6888794541139363, 28.295515033935306, -61.23746114473299, 67.57484755104099],
  ],
  iddpm: [
    [-1, 0.6994632156768138, -1.2984524247362408, 2.098395903862726],
    [289, 0.49456004390330954, -0.969530803015781, 1.6931178738292703],
    [793, -0.4778999896344822, -1.1964706149283657, 0.27470380124677884],
    [991, 20.917516642550364, 20.236290490552573, 21.385465052349033],
  ],
} as const;

describe.each(Object.entries(table1))('a network preconditioned as %s', (as, rows) => {
  const options = { as } as PreconditioningOptions;

  it('is D(x; σ) of EDM’s table 1', async () => {
    const denoiser = right(preconditioned(network, options));
    expect([denoiser.predicts, denoiser.clock]).toEqual(['x0', 'level']);
    const expected = rows.flatMap(([, ...D]) => D);
    const actual = await numbersOf(() => overNoising(noising)(denoiser).apply(null, xt, { t }));
    // sin of a c_noise of hundreds, with an error of 10⁻¹³
    expect(relativeDistance(actual, expected)).toBeLessThan(1e-12);
    const [x, times] = [constantOf(sigmas.flatMap(() => xs), 4, 3), constantOf(sigmas, 4)]; // oxfmt-ignore
    const exploding = await numbersOf(() => overNoising(edm())(denoiser).apply(null, x, { t: times }));
    expect(relativeDistance(exploding, expected)).toBeLessThan(1e-12);
  });

  it('passes c_noise to the network', async () => {
    const clock: NoiseNetwork<null, [3]> = { apply: (_, x, at) => scaleBy(onesLike(x), at.t) };
    const [zero, one] = [{ apply: (_: null, x: typeof xt) => zerosLike(x) }, clock].map((net) =>
      right(preconditioned(net as typeof clock, options)),
    );
    const seen = (denoiser: Denoiser<null, [3]>) =>
      numbersOf(() => overNoising(noising)(denoiser).apply(null, xt, { t }));
    const [skipped, timed] = [await seen(zero!), await seen(one!)];
    const out = { edm: sigmas.map((s) => (s * 0.5) / Math.sqrt(s ** 2 + 0.25)), vp: sigmas.map((s) => -s), ve: sigmas, iddpm: sigmas.map((s) => -s) }[as as keyof typeof table1]; // oxfmt-ignore
    const noises = out.map((c, i) => (timed[3 * i]! - skipped[3 * i]!) / c);
    expect(relativeDistance(noises, rows.map(([noise]) => noise))).toBeLessThan(1e-11); // oxfmt-ignore
  });
});

describe('preconditioning', () => {
  it('takes σ_data as an option', async () => {
    const denoiser = right(preconditioned(network, { as: 'edm', sigmaData: 1.2 }));
    const actual = await numbersOf(() => overNoising(noising)(denoiser).apply(null, xt, { t }));
    const expected = [0.3465509847162168, -0.41593594603773276, 0.8291189042834047];
    expect(relativeDistance(actual.slice(6, 9), expected)).toBeLessThan(1e-12);
  });

  it('gives the raw network the same loss weight at every σ: λ(σ)·c_out² = 1', () => {
    const weights = right(weightsOf('x0', edmWeight(0.5))(noising));
    sigmas.forEach((sigma, i) =>
      expect(weights[i]! * ((sigma * 0.5) / Math.hypot(sigma, 0.5)) ** 2).toBeCloseTo(1, 12),
    );
  });

  it('samples as in EDM, Algorithm 2, with Heun’s method', async () => {
    const levels = right(karrasSigmas(6, { min: 0.002, max: 80 }));
    const path = right(noisingOfSigmas([...levels].reverse()));
    const denoiser = right(preconditioned(network, { as: 'edm' }));
    const result = right(sampler({ noising: path, denoiser, solver: heun(), correction: uncorrected }));
    const D = (x: number, sigma: number): number => {
      const all = Math.sqrt(sigma ** 2 + 0.25);
      return (0.25 / all ** 2) * x + ((sigma * 0.5) / all) * onHost(x / all, Math.log(sigma) / 4);
    };
    let x = 60;
    let state = [60, 60, 60].map((begin) => begin / Math.hypot(1, 80));
    expect(result.plan.map(({ stages }) => stages.length)).toEqual([2, 2, 2, 2, 2, 1]);
    for (let i = 0; i < 6; i++) {
      const [sigma, next] = [levels[i]!, levels[i + 1] ?? 0];
      const d = (x - D(x, sigma)) / sigma;
      const euler = x + (next - sigma) * d;
      x = next === 0 ? euler : x + (next - sigma) * (d / 2 + (euler - D(euler, next)) / next / 2);
      const at = constantOf(state, 1, 3);
      const evaluate = (from: SampleState<[1, 3]>, index: number) =>
        result.step(null, from, { index: scalar(index, 'int32') }).state;
      const afterStep = () => {
        const first = evaluate(result.start(at), 2 * i);
        return (next === 0 ? first : evaluate(first, 2 * i + 1)).x;
      };
      state = [...(await numbersOf(afterStep))];
      expect(state[0]! * Math.hypot(1, next)).toBeCloseTo(x, 9);
    }
  });

  it('samples over σ itself as over the noise levels that preserve the variance', async () => {
    const denoiser = right(preconditioned(network, { as: 'edm' }));
    const levels = right(karrasSigmas(6, { min: 0.002, max: 80 }));
    const path = right(noisingOfSigmas([...levels].reverse()));
    const draw = async (value: Sampler<null, [3]>) => {
      let { x, memory } = value.start(constantOf([0.3, -0.7, 1.1], 1, 3)) as SampleState<[1, 3]>;
      for (let index = 0; index < value.steps; index++) {
        const next = await numbersOf(() => value.step(null, { x, memory }, { index: scalar(index, 'int32') }).state.x);
        const kept = await Promise.all(
          Array.from({ length: value.memory }, (_, k) =>
            numbersOf(() => value.step(null, { x, memory }, { index: scalar(index, 'int32') }).state.memory[k]!),
          ),
        );
        [x, memory] = [constantOf([...next], 1, 3), kept.map((numbers) => constantOf([...numbers], 1, 3))];
      }
      return numbersOf(() => x);
    };
    const parts = { denoiser, solver: heun(), correction: uncorrected };
    const exploding = right(sampler({ ...parts, noising: edm(), grid: 6 })); // EDM's levels
    expect(exploding.timesteps[0]).toBe(80);
    const preserving = right(sampler({ ...parts, noising: path }));
    // x_T is 80·ε and √(80²/(1 + 80²))·ε: the second is scaled here
    const scaled = {
      ...preserving,
      start: (noise: Tensor<[1, 3]>) => preserving.start(mul(noise, 80 / Math.hypot(1, 80))),
    };
    expect(relativeDistance(await draw(scaled as typeof preserving), await draw(exploding))).toBeLessThan(1e-9);
  });

  it('makes a trainable model from a model', async () => {
    const model: NoiseModel<null, [3]> & { readonly learned: string } = {
      ...network,
      conditions: { label: { classes: 2 } },
      params: {} as NoiseModel<null, [3]>['params'],
      init: () => null,
      learned: 'a variance',
    };
    const result = right(preconditioned(model, { as: 'edm' }));
    expect(result).toMatchObject({
      conditions: { label: { classes: 2 } },
      params: model.params,
      init: model.init,
      predicts: 'x0',
      clock: 'level',
    });
    expect(result).not.toHaveProperty('learned');
    const losses = await numbersOf((key) => simpleLosses(noising, result)(null, { x0: xt, key }).losses);
    expect(losses.every((loss) => loss > 0)).toBe(true);
  });

  it('refuses invalid options, levels without signal, and a call without levels', () => {
    const said = (options: unknown): string => {
      const result = preconditioned(network, options as PreconditioningOptions);
      return E.isLeft(result) ? result.left.message : 'right';
    };
    expect(said({ as: 'edn' })).toContain(`preconditioned.as: expected 'edm', 'vp', 've' or 'iddpm', got "edn"`);
    expect(said(undefined)).toContain('preconditioned.as: expected');
    expect(said({ as: 'toString' })).toContain('preconditioned.as: expected');
    expect(said({ as: 'edm', sigmaData: 0 })).toContain('preconditioned.sigmaData: expected a finite number above 0, got 0');
    expect(said({ as: 've', sigmaData: 1 })).toContain('preconditioned.sigmaData: expected');
    const lost = preconditioned(E.right(network) as never, { as: 'edm' });
    expect(E.isLeft(lost) && lost.left.message).toContain('expected a network { apply }, got');
    const denoiser = right(preconditioned(network, { as: 'edm' }));
    expect(() => denoiser.apply(null, xt, { t })).toThrow('denoiser: level: expected the noise level of each sample');
    const silent = right(ddpm(reciprocalBetas(10)));
    const result = sampler({ noising: silent, denoiser, solver: heun() });
    expect(E.isLeft(result) && result.left.message).toBe(
      'sampler: expected some signal at every timestep, for a preconditioned denoiser, got none at t = 9; leave that timestep out of the grid',
    );
    expect(() => simpleLosses(silent, denoiser)(null, { x0: xt, t, noise: xt })).toThrow('none at t = 9');
    const raw: Denoiser<null, [3]> = { predicts: 'x0', apply: (_, x) => x };
    expect(() => simpleLosses(edm(), raw)(null, { x0: xt, t: zeros(4), noise: xt })).toThrow(
      'expected a denoiser of noise levels, on a path of σ, got one of timesteps',
    );
  }); // oxfmt-ignore
});
