import { add, div, type Elementwise, mul, sub } from '../../dsl/index.js';

/**
 * Shifts times of [0, 1] toward the noise, t ↦ s·t/(1 + (s - 1)·t): SD3 (Esser et al. 2024), eq. 23. The ends stay, for any s.
 */
export const timeShift =
  (s: number): Elementwise =>
  (t) => {
    const scaled = mul(t, s);
    return div(scaled, add(scaled, sub(1, t)));
  };
