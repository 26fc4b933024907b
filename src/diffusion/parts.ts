/** Types of the parts that functions of `noisefold/diffusion` take. The functions that use a field check it. */
import { hinted, oneOf } from '../internal/decode.js';
import { callback, part, partLike, partOf } from '../internal/parts.js';
import { F, t } from '../internal/fp.js';

const DDPM = 'unwrap(ddpm(cosine(1000)))';
const TABLES = ['schedule', 'timesteps', 'marginals', 'posteriors'];

/** The noising process of a schedule. */
export const discretePart = partLike('a noising process of a schedule', DDPM, ...TABLES);

const tables = partLike('a noising process', DDPM, ...TABLES);
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

const MODEL = 'the result of unet, or { predicts, apply }';
export const networkPart = partLike('a denoiser or a classifier', MODEL, 'apply');

export const predictsPart = hinted(oneOf('epsilon', 'x0', 'v', 'score', 'velocity'), 'give that of the denoiser');

/** A denoiser, with a prediction and a function. */
export const denoiserPart = partOf(partLike('a denoiser', MODEL, 'predicts', 'apply'), {
  predicts: predictsPart,
  apply: callback('a function of params, x_t and its time'),
});

export const solverPart = partOf(part('a solver, such as ddim()', 'plan'), {
  plan: callback('a function of the levels and the noising'),
});
