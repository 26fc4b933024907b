/** The kinds of things that metrics take. */
import { part, partLike } from '../internal/parts.js';
import type { Moments } from './moments.js';

export const momentsPart = part<Moments>('moments, as momentsOf returns them', 'count', 'mean', 'scatter');
export const extractedPart = partLike(
  'features',
  '{ features: { data, shape } }, as extractFeatures returns',
  'features',
);
