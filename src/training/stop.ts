/**
 * What says that a run should end: an `AbortSignal`. Declared here, so that the types need neither Node's nor
 * the browser's.
 */
export interface StopSignal {
  readonly aborted: boolean;
}
