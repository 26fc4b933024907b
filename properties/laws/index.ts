/**
 * `noisefold/laws`: what noisefold promises, as values. fast-check, which draws the samples, is a peer dependency of
 * this subpath only.
 */
export { type Law, titleOf, type Violation } from './law.js';
export { checkLaw } from './check.js';
export { channelLaws } from './channels.js';
export { noisingLaws } from './noisings.js';
export { pathLaws } from './paths.js';
export { scheduleLaws } from './schedules.js';
export { solverLaws } from './solvers.js';
export { boundLaws } from './bounds/bounds.js';
export { conditionLaws } from './conditions.js';
export { fewStepLaws } from './fewSteps.js';
export { guidanceLaws } from './guidance.js';
export { keyLaws } from './keys.js';
export { momentLaws } from './moments.js';
export { derivativeLaws } from './derivatives.js';
export { transformationLaws } from './transformations.js';
export { compilationLaws } from './compilation.js';
export { backendLaws } from './backends.js';
