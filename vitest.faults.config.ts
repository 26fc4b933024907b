import { configOf } from './vitest.config.js';

/** Fault injection and fuzzing with many samples: the tests that ask for `faults(short, long)`. At most 10 minutes. */
export default configOf({ NOISEFOLD_FAULTS: 'long' }, /properties\/faults\.js'/);
