/**
 * The weights of an exponential integrator: I_k = ∫₀¹ h·e^{-h(1-u)}·u^k du for k < `count`, which integrate a polynomial x̂₀
 * over a step of length h in λ; for -h, the negated weights of a polynomial ε̂. In the signs of DPM-Solver++, I₀ = -φ₁, I₁ = φ₂ and I₂ = -2φ₃.
 * @example exponentialWeights(1, 1) // → [1 - Math.exp(-1)]
 */
export const exponentialWeights = (h: number, count: number): readonly number[] =>
  Math.abs(h) < 1
    ? Array.from({ length: count }, (_, k) => {
        // h·Σ_j (-h)^j·k!/(j + k + 1)!, because the recursion cancels for small h
        let term = h / (k + 1);
        let sum = term;
        for (let j = 1; j < 20; j++) sum += term *= -h / (j + k + 1);
        return sum;
      })
    : Array.from({ length: count - 1 }).reduce<readonly number[]>(
        (known, _, k) => [...known, 1 - ((k + 1) * known[k]!) / h],
        [-Math.expm1(-h)],
      );
