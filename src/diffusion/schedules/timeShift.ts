import { add, div, type Elementwise, mul, sub } from '../../dsl/index.js';
import { aboveZero, finite, hinted } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';

/**
 * Shifts times of [0, 1] toward the noise, t ↦ s·t/(1 + (s - 1)·t): SD3 (Esser et al. 2024), eq. 23. The ends 0 and 1 do not move.
 */
export const timeShift =
  (s: number): Elementwise =>
  (t) => {
    const scaled = mul(t, s);
    return div(scaled, add(scaled, sub(1, t)));
  };

/**
 * Stretches falling times away from 1, the noise, so that the last time becomes `end`: 1 - (1 - t)·(1 - end)/(1 - t_last).
 * `shift_terminal` of diffusers. The last time must not be 1.
 */
export const stretchedTo =
  (end: number) =>
  (times: readonly number[]): readonly number[] =>
    times.map((t) => 1 - ((1 - t) * (1 - end)) / (1 - times.at(-1)!));

const fluxOptions = /* @__PURE__ */ schema('fluxShift', {
  /** μ at `least` tokens; 0.5 if left out. */
  low: optional(finite, 0.5),
  /** μ at `most` tokens; 1.15 if left out. */
  high: optional(finite, 1.15),
  /** The tokens of the smallest images; 256 if left out. */
  least: optional(aboveZero, 256),
  /** The tokens of the largest images, not equal to `least`; 4096 if left out. */
  most: optional(aboveZero, 4096),
}).rule(({ least, most }) =>
  least === most
    ? { field: 'most', expected: 'another number than least', actual: `${most}`, hint: 'FLUX has 256 and 4096' }
    : null,
);

interface FluxOptions extends OptionsOf<typeof fluxOptions> {}

const tokensOf = /* @__PURE__ */ argument(
  'fluxShift',
  hinted(aboveZero, 'an image of 1024×1024 pixels has 4096 tokens, one for each 16×16 pixels'),
);

/**
 * The shift s = e^μ of FLUX for {@link evenGrid} and {@link shiftedTimes}, with its μ linear in the number of tokens of an image
 * (`use_dynamic_shifting` of diffusers). s·t/(1 + (s - 1)·t) is then FLUX's e^μ/(e^μ + 1/t - 1). Raises `ConfigError` for numbers of
 * tokens that are not above 0.
 * @example
 * fluxShift(4096) // → Math.exp(1.15)
 * fluxShift(2176) // → Math.exp(0.825)
 */
export const fluxShift = <G = unknown>(tokens: number, options?: Exact<G, keyof FluxOptions> & FluxOptions): number => {
  const { low, high, least, most } = fluxOptions.demand(options);
  return Math.exp(low + ((tokensOf.demand(tokens) - least) / (most - least)) * (high - low));
};
