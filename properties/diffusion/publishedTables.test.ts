/** Schedules, grids and noise levels of diffusers and k-diffusion, in float64. */
import { describe, expect, it } from 'vitest';
import {
  cosine,
  ddpm,
  exponential,
  exponentialGrid,
  exponentialSigmas,
  type Grid,
  karrasGrid,
  karrasSigmas,
  leading,
  linear,
  linearUnscaled,
  linspace,
  respaceAtSigmas,
  scaledLinear,
  type Schedule,
  sigmaRange,
  sigmas,
  sigmoidBetas,
  timestepOfSigma,
  trailing,
  zeroTerminalSNR,
} from '../../src/diffusion/index.js';
import { E } from '../../src/internal/fp.js';
import { goldenDiffusers, type GoldenGrid, goldenSteps } from '../golden/diffusers.js';
import { right } from './run.js';

const T = 1000;
const result = {
  linear: linearUnscaled(T),
  scaled_linear: scaledLinear(T),
  squaredcos_cap_v2: cosine(T),
  sigmoid: sigmoidBetas(T),
  exp: exponential(T),
};
const worst = (ours: ArrayLike<number>, theirs: readonly number[]): number =>
  theirs.reduce((most, one, i) => Math.max(most, Math.abs(ours[i]! / one - 1)), 0);

describe.each(Object.entries(result))('the schedule %s of diffusers', (name, schedule) => {
  const { t, tables } = goldenDiffusers.schedules;
  const { betas, alphaBars } = right(schedule);

  it('has their tables, to 1e-12', () => {
    const golden = tables[name]!;
    const [ours, oursBar] = [betas, alphaBars].map((table) => t.map((at) => table[at]!));
    // ᾱ is a product of T factors, as theirs; a β computed from ᾱ is accurate to roundings of 1
    ours!.forEach((beta, i) => expect(Math.abs(beta - golden.betas[i]!)).toBeLessThan(2 ** -52));
    expect(worst(oursBar!, golden.alphas_cumprod)).toBeLessThan(1e-12);
    const sum = betas.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum / golden.betas_sum - 1)).toBeLessThan(1e-12);
  });

  if (`${name} zero terminal SNR` in tables)
    it('has their tables at zero terminal SNR', () => {
      const golden = tables[`${name} zero terminal SNR`]!;
      const rescaled = right(E.flatMap(zeroTerminalSNR)(schedule));
      const root = (at: number): number => Math.sqrt(alphaBars[at] ?? 1);
      t.forEach((at, i) => {
        // their √ᾱ are computed by subtracting the last one, which cancels near the end: 64 roundings
        const condition = root(at - 1) / (root(at - 1) - root(T - 1));
        const within = 64 * 2 ** -53 * condition;
        expect(Math.abs(rescaled.betas[at]! - golden.betas[i]!)).toBeLessThan(within);
        expect(Math.abs(rescaled.alphaBars[at]! - golden.alphas_cumprod[i]!)).toBeLessThan(1e-12);
      });
      expect([rescaled.betas[T - 1], rescaled.alphaBars[T - 1]]).toEqual([1, 0]);
    });
});

const noising = right(ddpm(linear(T)));

const ourGrid = ({ class: name, timestep_spacing, steps }: GoldenGrid): readonly number[] => {
  const endpoint = name !== 'DPMSolverMultistepScheduler';
  const of: Readonly<Record<typeof timestep_spacing, Grid>> = {
    linspace: linspace(steps, { endpoint }),
    leading: leading(steps, { endpoint }),
    trailing: trailing(steps),
  };
  return right(of[timestep_spacing](noising));
};

describe('the spacings of diffusers', () => {
  const ones = goldenDiffusers.grids.filter(
    ({ steps, timestep_spacing: spacing, class: name }) =>
      !(steps === 1 && spacing === 'linspace' && name === 'DDIMScheduler'),
  );

  it.each(ones)('$class, $timestep_spacing, $steps', (golden) => {
    const timesteps = ourGrid(golden);
    expect(timesteps).toHaveLength(golden.steps);
    const { first, last, sum } = golden;
    if (golden.timesteps !== undefined) expect(timesteps).toEqual(golden.timesteps);
    else
      expect([timesteps.slice(0, 4), timesteps.slice(-4), timesteps.reduce((a, b) => a + b, 0)]).toEqual([
        first,
        last,
        sum,
      ]);
  });

  it('differ from ours in a single step of linspace, which begins at t = 0 and not in the noise', () => {
    const single = goldenDiffusers.grids.find(
      ({ steps, timestep_spacing }) => steps === 1 && timestep_spacing === 'linspace',
    );
    expect(single?.timesteps).toEqual([0]);
    expect(right(linspace(1)(noising))).toEqual([999]);
  });
});

describe('noise levels', () => {
  it.each([
    ['karras', karrasSigmas],
    ['exponential', exponentialSigmas],
  ] as const)('%s, of k-diffusion', (name, make) => {
    const { n, min, max, sigmas: theirs } = goldenDiffusers.sigmas[name];
    const ours = right(make(n, { min, max }));
    expect(ours).toHaveLength(n);
    expect(worst(ours, theirs)).toBeLessThan(1e-12);
  });

  const schedule: Schedule = right(scaledLinear(T));
  const range = sigmaRange(schedule);

  it.each([
    ['euler karras v', karrasSigmas],
    ['euler exponential', exponentialSigmas],
  ] as const)('of a schedule, and the timesteps between, which need not be whole: %s', (name, make) => {
    const golden = goldenSteps(name);
    const ours = right(make(8, range));
    expect(worst(ours, golden.sigmas!)).toBeLessThan(1e-12);
    golden.timesteps!.forEach((t, i) => expect(Math.abs(timestepOfSigma(schedule)(ours[i]!) - t)).toBeLessThan(1e-9));
  });

  it('a process visits exactly those, and passes the nearest timesteps, like theirs', () => {
    const golden = goldenSteps('dpm++ multistep 2 karras');
    const visiting = right(respaceAtSigmas(right(karrasSigmas(8, range)))(right(ddpm(E.right(schedule)))));
    expect(worst(Array.from(sigmas(visiting.schedule)).reverse(), golden.sigmas!)).toBeLessThan(1e-12);
    expect(Array.from(visiting.timesteps).reverse()).toEqual(golden.timesteps);
  });

  it('the timesteps of those are the grid', () => {
    const noising = right(ddpm(E.right(schedule)));
    // UniPC truncates them, and DPM-Solver rounds
    expect(right(karrasGrid(8)(noising)).map(Math.round)).toEqual(goldenSteps('dpm++ multistep 2 karras').timesteps);
    const theirs = goldenSteps('euler exponential').timesteps!;
    right(exponentialGrid(8)(noising)).forEach((t, i) => expect(Math.abs(t - theirs[i]!)).toBeLessThan(1e-9));
    expect(goldenSteps('unipc 2 exponential').timesteps).not.toEqual(theirs.map(Math.round));
  });
});
