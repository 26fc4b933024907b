/** The kinds of things that functions of weights take. */
import { hinted, refined } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { part, partLike } from '../../internal/parts.js';

export const layoutPart = partLike('a layout', "{ ours: 'row c', theirs: 'c row' }", 'ours', 'theirs');
export const weightPart = partLike('a weight', '{ shape: [2], data: Float32Array.of(1, 2) }', 'shape', 'data');

const hasEntries = part<{ readonly entries: unknown }>('a table of names', 'entries', 'constants');

/** The names of the parameters of a model in another project. An array has `entries` too, a function. */
export const tablePart = hinted(
  refined(hasEntries, 'a table of names', ({ entries }) => Array.isArray(entries)),
  'give the result of diffusers(model) or ownNames(model)',
);

export const weightsPart = hinted(
  refined(t.unknown, 'a Map of weights', (x) => x instanceof Map),
  'give new Map([[name, { shape, data }]])',
);

export const namedModel = partLike('a model', 'the result of unet', 'params');
