/** The kinds of things that functions of `noisefold/diffusion` take. Their fields are checked where they are used. */
import { hinted, oneOf } from '../internal/decode.js';
import { callback, list, part, partLike, partOf } from '../internal/parts.js';
import { F, t } from '../internal/fp.js';

const DDPM = 'unwrap(ddpm(cosine(1000)))';

/** The noising process of a schedule, with these fields. */
/* @__NO_SIDE_EFFECTS__ */
export const discreteWith = (...fields: readonly string[]): t.Mixed =>
  partLike('a noising process of a schedule', DDPM, ...fields);

export const discretePart = discreteWith('schedule', 'timesteps', 'marginals', 'posteriors');

const tables = partLike('a noising process', DDPM, 'schedule', 'timesteps', 'marginals', 'posteriors');
const path = partLike('a noising process', 'rectifiedFlow()', 'time', 'levelAt', 'levels');

/** The noising process of a schedule, or a continuous path. */
export const noisingPart: t.Mixed = hinted(
  new t.Type<unknown>(
    'a noising process',
    (x): x is unknown => tables.is(x) || path.is(x),
    (x, context) => (path.is(x) ? path : tables).validate(x, context),
    F.identity,
  ),
  `give ${DDPM}`,
);

/** A schedule with these fields. */
/* @__NO_SIDE_EFFECTS__ */
export const scheduleWith = (...fields: readonly string[]): t.Mixed =>
  partLike('a schedule', 'unwrap(cosine(1000))', ...fields);

export const schedulePart = scheduleWith('T', 'betas', 'alphaBars', 'channels');

export const channelPart = partLike('a channel', '{ alpha: 0.8, sigma: 0.6 }', 'alpha', 'sigma');
export const channelsPart = list('channels, such as noising.marginals', channelPart);
export const gaussianPart = partLike('a Gaussian', '{ mean, logVariance } of tensors', 'mean', 'logVariance');

const MODEL = 'the result of unet, or { predicts, apply }';
export const networkPart = partLike('a denoiser or a classifier', MODEL, 'apply');
export const classifierPart = partLike('a classifier', 'the result of encoderClassifier', 'classes', 'apply');

export const predictsPart = hinted(oneOf('epsilon', 'x0', 'v', 'score', 'velocity'), 'give that of the denoiser');

/** A denoiser, with a prediction and a function. */
export const denoiserPart = partOf(partLike('a denoiser', MODEL, 'predicts', 'apply'), {
  predicts: predictsPart,
  apply: callback('a function of params, x_t and its time'),
});

const stepPart = partLike('a step', '{ from, to, stages }', 'from', 'to', 'stages');
export const planPart = list('the steps of a solver, such as those of sampler.plan', stepPart);
export const solverPart = partOf(part('a solver, such as ddim()', 'plan'), {
  plan: callback('a function of the levels and the noising'),
});
export const samplerPart = partLike('a sampler', 'unwrap(sampler({ noising, denoiser, solver }))', 'plan', 'start');
