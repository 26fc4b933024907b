import { floatLiteral } from './types.js';

/** `c₀ + c₁x + c₂x² + …` by Horner's rule; `x` is a name. */
export const polynomial = (x: string, coefficients: readonly number[]): string =>
  coefficients
    .slice(0, -1)
    .reduceRight<string>(
      (sum, c) => `fma(${sum}, ${x}, F(${floatLiteral(c)}))`,
      `F(${floatLiteral(coefficients.at(-1)!)})`,
    );
