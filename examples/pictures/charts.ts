/** Charts of quantities of a schedule. */
import { cosine, ddpm, linear, logSNR, type DiscreteNoising, scaledLinear } from 'noisefold/diffusion';
import { either as E, function as F } from 'fp-ts';
import type { Axis, Chart, Line } from './lineChart.js';

const T = 1000;

export const timestepAxis: Axis = { label: 't', ticks: [0, 200, 400, 600, 800, 1000] };

const noisings = F.pipe(
  E.Do,
  E.bind('linear', () => ddpm(linear(T))),
  E.bind('cosine', () => ddpm(cosine(T))),
  E.bind('scaledLinear', () => ddpm(scaledLinear(T))),
);

/** Every fifth timestep, and the last. */
const timesteps = [...Array.from({ length: T / 5 }, (_, i) => 5 * i), T - 1];

/** A quantity of each process at each timestep. */
const chartOf = (title: string, y: Axis, value: (noising: DiscreteNoising, t: number) => number) =>
  F.pipe(
    noisings,
    E.map((all): Chart => ({
      title,
      x: timestepAxis,
      y,
      lines: Object.entries(all).map(([name, noising]): Line => ({
        name,
        points: timesteps.map((t) => [t, value(noising, t)]),
      })),
    })),
  );

export const schedules = chartOf(
  'Remaining share of the variance of the data',
  { label: 'ᾱ', ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] },
  ({ schedule }, t) => schedule.alphaBars[t]!,
);

export const signalToNoise = chartOf(
  'Signal-to-noise ratio',
  { label: 'ᾱ/(1-ᾱ)', ticks: [1e-9, 1e-6, 1e-3, 1, 1e3, 1e6], logarithmic: true },
  ({ marginals }, t) => Math.exp(logSNR(marginals[t]!)),
);
