/**
 * What says that something should end: an `AbortSignal`. Declared here, so that the types need neither Node's nor
 * the browser's.
 */
export interface StopSignal {
  readonly aborted: boolean;
}

/**
 * Lets signals, timers and the screen have their turn. A backend on the CPU computes without a pause, and
 * promises alone give none.
 */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
