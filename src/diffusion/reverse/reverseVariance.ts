import { t } from '../../internal/fp.js';

/** σ_t² of the reverse steps: β̃_t or β_t. DDPM (Ho et al. 2020), section 3.2, found both equally good. */
export type ReverseVariance = 'posterior' | 'beta';

/** Decodes a {@link ReverseVariance}. */
export const reverseVariance = t.keyof({ posterior: null, beta: null }, "a variance, 'posterior' or 'beta'");
