/** `noisefold`: programs without fp-ts. */
export { type Noisefold, open, type Runnable } from './entry/open.js';
export { unwrap } from './entry/unwrap.js';
export { type Either, isLeft, isRight, left, right } from './entry/either.js';
export type { Effect, ErrorTag, NoisefoldError, Task, ThrownError } from './dsl/index.js';
export { errorIn } from './dsl/index.js';
