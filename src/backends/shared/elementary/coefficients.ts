/**
 * Polynomial coefficients for the elementary functions of the float32 kernels, constant term first. They are minimax
 * fits made for noisefold, with each coefficient rounded to float32 in turn.
 */

/** ln 2 in two parts. The first has so few bits that its product with an exponent is exact. */
export const LN2_HIGH = 0.693359375;
export const LN2_LOW = -2.1219444005469057e-4;

/** (eʳ − 1 − r) / r² on |r| ≤ ln 2 / 2; the error relative to r is 1.3e-8. */
export const EXP_TAIL = [0.5, 0.1666654348373413, 0.04166628047823906, 0.00836661085486412, 0.0013946497347205877] as const; // oxfmt-ignore

/** (2 artanh √z / √z − 2) / z for z up to ((√2 − 1) / (√2 + 1))²; the error is 1.6e-9. */
export const LOG_TAIL = [0.6666677594184875, 0.3997754156589508, 0.29871729016304016] as const;

/** (log₂ ((1 + √z) / (1 − √z)) / √z − 2/ln 2) / z for the same z; the error relative to the logarithm is 1.1e-11. */
export const LOG2_TAIL = [0.9617967009544373, 0.5770788192749023, 0.41192731261253357, 0.33648836612701416] as const;

/** (sin √z / √z − 1) / z for z up to (π/4)²; the error relative to the sine is 3.7e-9. */
export const SIN_TAIL = [-0.16666655242443085, 0.008332191035151482, -0.00019518604676704854] as const;

/** (cos √z − 1 + z/2) / z² for z up to (π/4)²; the error relative to the cosine is 1.2e-10. */
export const COS_TAIL = [0.04166664555668831, -0.0013887309469282627, 2.4432327336398885e-5] as const;

/** (atan √z / √z − 1) / z for z up to 1; the error relative to the arc tangent is 1.7e-8. */
export const ATAN_TAIL = [
  -0.33333152532577515, 0.19993767142295837, -0.14211000992225647, 0.10665768384933472, -0.07551655918359756,
  0.04320463538169861, -0.016363102942705154, 0.002919393125921488,
] as const;

/** erf √z / √z − 1 for z up to 1; the error relative to erf is 1.4e-9. */
export const ERF_CENTRE = [
  0.12837916612625122, -0.3761262595653534, 0.11283578723669052, -0.026853347197175026, 0.005187162198126316,
  -0.0007997853099368513, 7.806903886375949e-5,
] as const;

/** −ln (1 − erf x) for x from 1 to 3.95; the error relative to erf is 1.2e-9. */
export const ERF_TAIL = [
  0.000300423038424924, 1.1272515058517456, 0.6378829479217529, 0.10332752019166946, -0.02194053679704666,
  0.0029724733904004097, -0.00018882703443523496,
] as const;
