import { partLike } from '../../internal/parts.js';

/** A call of a plan. */
export const callPart = partLike('a call of a plan', 'one of plan.calls', 'kind');
