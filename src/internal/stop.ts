/**
 * The part of an `AbortSignal` that the library reads. It is declared here so that the types depend neither on Node's
 * declarations nor on the browser's.
 */
export interface StopSignal {
  readonly aborted: boolean;
}

/**
 * Yields to the event loop, so that signals and timers run and the screen is updated. A backend on the CPU blocks the
 * event loop, and waiting for promises does not yield to timers.
 */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
