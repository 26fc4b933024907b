/** The option of multistep methods that choose the steps of their corrector. */
import { natural } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional } from '../../../internal/schema.js';
import type { Multistep } from './multistep.js';

export const correctorFields = {
  /** The indices of the steps whose end is not corrected, from 0; none if left out. */
  disableCorrector: optional(t.readonlyArray(natural, 'an array of indices of steps'), []),
};

/** The steps whose end is corrected. */
export const correcting = (disabled: readonly number[]): Pick<Multistep, 'corrects'> => ({
  corrects: (step) => !disabled.includes(step),
});
