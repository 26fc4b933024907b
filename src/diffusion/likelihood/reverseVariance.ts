import { hinted, oneOf } from '../../internal/decode.js';

/** σ_t² of the reverse steps: β̃_t or β_t. DDPM (Ho et al. 2020), section 3.2, found both equally good. */
export type ReverseVariance = 'posterior' | 'beta';

/** A {@link ReverseVariance} as an option. */
export const reverseVariance = hinted(oneOf('posterior', 'beta'), "'posterior' is β̃_t, 'beta' is β_t");
