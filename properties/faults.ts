/** The number of samples of a test that damages files or makes steps fail: many more in `npm run test:faults`. */
export const faults = (short: number, long: number): number =>
  process.env['NOISEFOLD_FAULTS'] === 'long' ? long : short;
